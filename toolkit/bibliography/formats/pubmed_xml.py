"""PubMed's XML: articles and book articles.

Source: the PubMed DTD of the National Library of Medicine (``pubmed_250101.dtd`` and those before it).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from toolkit.bibliography.dates import Date, month_number, parse_date
from toolkit.bibliography.formats.collection import Reporter
from toolkit.bibliography.formats.people import organisation, person_of
from toolkit.bibliography.formats.xml import pairs_of, parse_xml, text_of
from toolkit.bibliography.identifiers import find_doi, find_pmcid, printed_isbn, printed_issn
from toolkit.bibliography.names import Name
from toolkit.bibliography.record import Origin, Record

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

_ARTICLE, _BOOK = "PubmedArticle", "PubmedBookArticle"
_TAKEN = frozenset(
    "PMID Title ISOAbbreviation ISSN Volume Issue PubDate ArticleTitle Pagination ELocationID Abstract AuthorList "
    "Language KeywordList MeshHeadingList ArticleIdList Book BookTitle Isbn Publisher VernacularTitle DateCompleted "
    "DateRevised DateCreated History ReferenceList".split()
)


def read_pubmed_xml(text: str, file: str) -> tuple[list[Record], Reporter]:
    """The records of a PubMed XML file, articles and book articles; ``Origin.line`` is the record's number."""
    reporter = Reporter(file)
    root = parse_xml(text, reporter, (_ARTICLE, _BOOK))
    if root is None:
        return [], reporter
    found = [element for element in root.iter() if element.tag in (_ARTICLE, _BOOK)]
    records = [(_article if item.tag == _ARTICLE else _book)(item, file, place) for place, item in enumerate(found, 1)]
    return records, reporter


def _article(element: Element, file: str, number: int) -> Record:
    citation = element.find("MedlineCitation")
    article = citation.find("Article") if citation is not None else None
    issue = article.find("Journal/JournalIssue") if article is not None else None
    date = _date(issue.find("PubDate") if issue is not None else None)
    authors = article.find("AuthorList") if article is not None else None
    return Record(
        title=text_of(article, "ArticleTitle") or text_of(article, "VernacularTitle"),
        authors=_people(authors),
        year=date.year,
        month=date.month,
        day=date.day,
        journal=text_of(article, "Journal/Title") or text_of(article, "Journal/ISOAbbreviation"),
        volume=text_of(issue, "Volume"),
        number=text_of(issue, "Issue"),
        pages=_pages(article),
        doi=_doi(element, article),
        pmid=text_of(citation, "PMID[last()]"),
        pmcid=find_pmcid(_article_id(element, "pmc")),
        issn=printed_issn(text_of(article, "Journal/ISSN")),
        abstract=_abstract(article),
        keywords=_keywords(element),
        language=text_of(article, "Language"),
        origin=Origin(file, "pubmed-xml", number, "PubMed"),
        other=tuple([*_abbreviation(article), *pairs_of(element, _TAKEN)]),
    )


def _book(element: Element, file: str, number: int) -> Record:
    document = element.find("BookDocument")
    book = document.find("Book") if document is not None else None
    title, book_title = text_of(document, "ArticleTitle"), text_of(book, "BookTitle")
    date = _date(book.find("PubDate") if book is not None else None)
    authors = book.findall("AuthorList") if book is not None else []
    people = {role: [item for item in authors if (item.get("Type") == "editors") is (role == "editors")]
              for role in ("authors", "editors")}  # fmt: skip
    own = document.find("AuthorList") if document is not None else None
    return Record(
        type="incollection" if title else "book",
        title=title or book_title,
        booktitle=book_title if title else "",
        authors=_people(own) if own is not None else _people(*people["authors"]),
        editors=_people(*people["editors"]),
        year=date.year,
        month=date.month,
        day=date.day,
        series=text_of(book, "CollectionTitle"),
        volume=text_of(book, "Volume"),
        edition=text_of(book, "Edition"),
        publisher=text_of(book, "Publisher/PublisherName"),
        address=text_of(book, "Publisher/PublisherLocation"),
        pages=_pages(document),
        doi=find_doi(_article_id(document, "doi")),
        pmid=text_of(document, "PMID[last()]"),
        isbn=printed_isbn(text_of(book, "Isbn")),
        abstract=_abstract(document),
        keywords=_keywords(element),
        language=text_of(document, "Language"),
        origin=Origin(file, "pubmed-xml", number, "PubMed"),
        other=tuple(pairs_of(element, _TAKEN)),
    )


def _date(element: Element | None) -> Date:
    if element is None:
        return Date()
    if text := text_of(element, "MedlineDate"):
        return parse_date(text)
    return Date(text_of(element, "Year"), month_number(text_of(element, "Month")), text_of(element, "Day").lstrip("0"))


def _people(*lists: Element | None) -> tuple[Name, ...]:
    names = []
    for author in (author for group in lists if group is not None for author in group.iter("Author")):
        if collective := text_of(author, "CollectiveName"):
            names.append(organisation(collective))
        elif family := text_of(author, "LastName"):
            given = text_of(author, "ForeName") or text_of(author, "Initials")
            names.append(person_of(family, given, text_of(author, "Suffix")))
    return tuple(names)


def _pages(element: Element | None) -> str:
    if pages := text_of(element, "Pagination/MedlinePgn"):
        return pages
    first, last = text_of(element, "Pagination/StartPage"), text_of(element, "Pagination/EndPage")
    return f"{first}-{last}" if first and last and first != last else first


def _article_id(element: Element | None, kind: str) -> str:
    """An identifier of the publication itself; those of the references that it cites stand deeper."""
    if element is None:
        return ""
    for path in ("PubmedData/ArticleIdList", "PubmedBookData/ArticleIdList", "ArticleIdList"):
        if value := text_of(element, f"{path}/ArticleId[@IdType='{kind}']"):
            return value
    return ""


def _doi(element: Element, article: Element | None) -> str:
    return find_doi(text_of(article, "ELocationID[@EIdType='doi']")) or find_doi(_article_id(element, "doi"))


def _abstract(element: Element | None) -> str:
    """The parts of the abstract, each behind its label: ``METHODS: ...``."""
    if element is None:
        return ""
    parts = []
    for part in element.findall("Abstract/AbstractText"):
        label, text = part.get("Label", ""), text_of(part)
        parts.append(f"{label}: {text}" if label else text)
    return " ".join(part for part in parts if part)


def _keywords(element: Element) -> tuple[str, ...]:
    words = [text_of(keyword) for keyword in element.iter("Keyword")]
    for heading in element.iter("MeshHeading"):
        parts = [text_of(heading, "DescriptorName"), *(text_of(name) for name in heading.findall("QualifierName"))]
        words.append("/".join(parts))
    return tuple(dict.fromkeys(word for word in words if word))


def _abbreviation(article: Element | None) -> list[tuple[str, str]]:
    short = text_of(article, "Journal/ISOAbbreviation")
    return [("ISOAbbreviation", short)] if short and short != text_of(article, "Journal/Title") else []
