"""A service on this machine that answers with the documented shapes, and with every fault that a service can have."""

from __future__ import annotations

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from toolkit.bibliography.lookup import Client, LookupSettings

CROSSREF_WORK = {
    "status": "ok",
    "message-type": "work",
    "message": {
        "DOI": "10.5555/Sample.1",
        "type": "journal-article",
        "title": ["Harm &amp; <i>help</i>: effects of sanctions"],
        "container-title": ["Journal of Made-up Results"],
        "author": [
            {"given": "Ann", "family": "van der Berg", "sequence": "first"},
            {"name": "Example Study Group", "sequence": "additional"},
        ],
        "published-print": {"date-parts": [[2019, 3]]},
        "issued": {"date-parts": [[2018, 11, 30]]},
        "volume": "12",
        "issue": "4",
        "page": "101-109",
        "ISSN": ["1234-5679", "9876-5438"],
        "publisher": "Made-up Press",
        "abstract": "<jats:title>Abstract</jats:title><jats:p>We found p &lt; 0.05.</jats:p>",
    },
}
NOTICE = {
    "DOI": "10.5555/notice.1",
    "type": "retraction",
    "label": "Retraction",
    "source": "retraction-watch",
    "updated": {"date-parts": [[2023, 4, 22]], "date-time": "2023-04-22T00:00:00Z"},
    "record-id": "42",
}
OPENALEX_WORK = {
    "id": "https://openalex.org/W1",
    "doi": "https://doi.org/10.5555/sample.1",
    "ids": {"doi": "https://doi.org/10.5555/sample.1", "pmid": "https://pubmed.ncbi.nlm.nih.gov/111"},
    "title": "Harm & help: effects of sanctions",
    "type": "article",
    "publication_year": 2019,
    "publication_date": "2019-03-01",
    "is_retracted": True,
    "primary_location": {"source": {"display_name": "Journal of Made-up Results", "issn_l": "1234-5679"}},
    "biblio": {"volume": "12", "issue": "4", "first_page": "101", "last_page": "109"},
    "authorships": [{"author": {"display_name": "Ann Berg"}}, {"author": {"display_name": "Plato"}}],
    "abstract_inverted_index": {"found": [1], "We": [0], "harm.": [2]},
}
PUBMED_XML = """<?xml version="1.0"?>
<!DOCTYPE PubmedArticleSet PUBLIC "-//NLM//DTD PubMedArticle//EN" "https://dtd.example.org/pubmed.dtd">
<PubmedArticleSet><PubmedArticle><MedlineCitation><PMID Version="1">111</PMID><Article>
<Journal><ISSN>1234-5679</ISSN><JournalIssue><Volume>12</Volume><Issue>4</Issue>
<PubDate><Year>2019</Year><Month>Mar</Month><Day>07</Day></PubDate></JournalIssue>
<Title>Journal of Made-up Results</Title></Journal>
<ArticleTitle>Harm &amp; <i>help</i>: effects of sanctions.</ArticleTitle>
<Pagination><MedlinePgn>101-9</MedlinePgn></Pagination>
<Abstract><AbstractText Label="RESULTS">We found harm.</AbstractText></Abstract>
<AuthorList><Author ValidYN="Y"><LastName>van der Berg</LastName><ForeName>Ann</ForeName></Author>
<Author ValidYN="Y"><CollectiveName>Example Study Group</CollectiveName></Author></AuthorList><Language>eng</Language>
<PublicationTypeList><PublicationType UI="D016441">Retracted Publication</PublicationType></PublicationTypeList>
</Article>
<CommentsCorrectionsList>
<CommentsCorrections RefType="CommentIn"><RefSource>J. 2019 May 1</RefSource></CommentsCorrections>
<CommentsCorrections RefType="RetractionIn"><RefSource>J Made Up Res. 2021 Feb 6;14(1):1</RefSource>
<PMID Version="1">222</PMID></CommentsCorrections>
</CommentsCorrectionsList></MedlineCitation><PubmedData><ArticleIdList>
<ArticleId IdType="doi">10.5555/Sample.1</ArticleId>
<ArticleId IdType="pmc">PMC333</ArticleId></ArticleIdList></PubmedData></PubmedArticle></PubmedArticleSet>
"""


class ServiceDouble:
    """What the server answers with, by path, and what it was asked."""

    def __init__(self) -> None:
        self.answers: dict[str, list[tuple[int, dict[str, str], bytes]]] = {}
        self.asked: list[tuple[str, dict[str, list[str]], dict[str, str], float]] = []
        self.address = ""

    def say(self, path, body, *, status=200, **headers):
        """Answer a path with this; said twice, the second time with the second, and then always with the last."""
        data = body if isinstance(body, bytes) else (body if isinstance(body, str) else json.dumps(body)).encode()
        self.answers.setdefault(path, []).append((status, headers, data))


@pytest.fixture
def service(monkeypatch):
    double = ServiceDouble()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            parts = urlsplit(self.path)
            double.asked.append((parts.path, parse_qs(parts.query), dict(self.headers), time.monotonic()))
            answers = double.answers.get(unquote(parts.path), [(404, {}, b"Resource not found.")])
            status, headers, data = answers.pop(0) if len(answers) > 1 else answers[0]
            if "silence" in headers:
                time.sleep(float(headers["silence"]))
            self.send_response(status)
            self.send_header("Content-Length", headers.get("length", str(len(data))))
            for name, value in headers.items():
                self.send_header(name.replace("_", "-"), value)
            self.end_headers()
            try:
                for start in range(0, len(data), 200_000):
                    self.wfile.write(data[start : start + 200_000])
                    time.sleep(float(headers.get("drip", 0)))
            except OSError:
                pass  # the client hung up, as it should

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    double.address = f"http://127.0.0.1:{server.server_port}"
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    yield double
    server.shutdown()
    server.server_close()


@pytest.fixture
def settings(service, tmp_path):
    """Settings that point to the server and wait for next to nothing."""
    places = {name: f"{service.address}/{name}" for name in ("crossref", "openalex", "pubmed")}
    return LookupSettings(
        contact="ann@example.org", **places, cache=tmp_path / "cache", interval=0, timeout=0.5, deadline=1.0,
        first_wait=0.01, longest_wait=2, largest_answer=1_000_000, allow_http=True,
    )  # fmt: skip


@pytest.fixture
def client(settings):
    with Client(settings) as client:
        yield client


@pytest.fixture
def crossref_work():
    return json.loads(json.dumps(CROSSREF_WORK))


@pytest.fixture
def all_services(service, crossref_work):
    """All three services know 10.5555/sample.1, which is PMID 111 and is retracted."""
    crossref_work["message"]["updated-by"] = [NOTICE]
    service.say("/crossref/works/10.5555/sample.1", crossref_work)
    service.say("/openalex/works/doi:10.5555/sample.1", OPENALEX_WORK)
    service.say("/openalex/works/pmid:111", OPENALEX_WORK)
    service.say("/pubmed/esearch.fcgi", {"esearchresult": {"count": "1", "idlist": ["111"]}})
    service.say("/pubmed/efetch.fcgi", PUBMED_XML)
    return service
