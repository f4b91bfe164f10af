# The tasks of benchmarks/dependent.py in R: data from standard input (JSON), processor seconds to standard output.

source("timing.R")
suppressMessages({library(metafor); library(clubSandwich); library(robumeta); library(jsonlite)})
data <- fromJSON(file("stdin"))
data <- lapply(data, function(d) { d <- as.data.frame(d); d$effect <- seq_len(nrow(d)); d })

found <- list()
timed <- function(task, peer, job) found[[paste(task, peer, sep = "|")]] <<- seconds(function() suppressWarnings(job()))

fits <- list()
for (name in c("1,000 effects in 200 studies", "5,000 effects in 1,000 studies")) {
  d <- data[[name]]
  start <- proc.time()
  fits[[name]] <- rma.mv(y, v, random = ~ 1 | study/effect, data = d, sparse = TRUE)
  found[[paste0("Three-level model, ", name, "|metafor")]] <- sum((proc.time() - start)[1:2])
}
d <- data[["1,000 effects in 200 studies"]]
timed("CR2 and Satterthwaite, 1,000 effects in 200 studies", "clubSandwich", function()
  coef_test(fits[[1]], vcov = "CR2", cluster = d$study))
timed("Robust variance estimation, 1,000 effects in 200 studies", "robumeta", function()
  robu(y ~ 1, data = d, studynum = study, var.eff.size = v))
timed("Aggregation, 1,000 effects in 200 studies", "metafor", function()
  aggregate(escalc(yi = y, vi = v, data = d), cluster = study, rho = 0.6))
few <- rma(y, v, data = data[["k=20"]]); many <- rma(y, v, data = data[["k=100"]])
timed("Selection model with one step (3PSM), k = 20", "metafor", function() selmodel(few, type = "stepfun", steps = 0.025))
timed("Trim and fill, k = 100", "metafor", function() trimfill(many))
timed("Egger's regression, k = 100", "metafor", function() regtest(many, model = "lm"))
version <- paste0("R ", getRversion(), ", metafor ", packageVersion("metafor"), ", clubSandwich ",
  packageVersion("clubSandwich"), ", robumeta ", packageVersion("robumeta"))
cat(toJSON(list(seconds = found, version = version), auto_unbox = TRUE, digits = 8))
