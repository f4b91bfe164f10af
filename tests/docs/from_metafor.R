# The R side of docs/from-metafor.md: runs its R blocks and prints the values that its tables ask R for.
#
#   Rscript from_metafor.R ../../docs/from-metafor.md > from_metafor.json
#
# Made with R 4.2.2, metafor 3.8-1, metadat 1.2-0, jsonlite 1.8.4 (Debian 12 packages).

page <- readLines(commandArgs(TRUE)[1])
values <- list(); block <- character(); inside <- FALSE
for (line in page) {
  if (line == "```r") { inside <- TRUE; block <- character() }
  else if (inside && line == "```") { inside <- FALSE; suppressMessages(eval(parse(text = block), globalenv())) }
  else if (inside) block <- c(block, line)
  else if (grepl("^\\| `", line)) {
    expression <- sub("^\\| `([^`]*)`.*", "\\1", line)
    values[[expression]] <- as.numeric(eval(parse(text = expression), globalenv()))[1]
  }
}
version <- function(package) as.character(packageVersion(package))
source <- list(script = "from_metafor.R", R = paste(R.version$major, R.version$minor, sep = "."), metafor = version("metafor"), metadat = version("metadat"))
cat(jsonlite::toJSON(list(source = source, values = values), auto_unbox = TRUE, digits = I(15)), "\n")
