# The tasks of benchmarks/meta.py in R's metafor: data from standard input (JSON), processor seconds to standard output.
# A long job is a short one times a number; benchmarks/meta.py says which.

source("timing.R")
suppressMessages({library(metafor); library(jsonlite)})
data <- fromJSON(file("stdin"))

tried <- function(...) try(suppressWarnings(rma.uni(...)), silent = TRUE) # some of 200 do not converge
fit <- function(d, method = "REML", test = "knha") rma.uni(d$y, d$v, method = method, test = test)
of <- function(k) data[[paste0("k=", k)]]

found <- list()
for (k in c(10, 20, 50, 100, 1000)) found[[paste0("REML and Knapp-Hartung, k = ", k)]] <- seconds(function() fit(of(k)))
found[["DL and z, k = 20"]] <- seconds(function() fit(of(20), "DL", "z"))
found[["Q-profile interval, k = 100"]] <- { r <- fit(of(100)); seconds(function() confint(r)) }
found[["Meta-regression, one moderator, k = 100"]] <-
  seconds(function() rma.uni(of(100)$y, of(100)$v, mods = seq_len(100), test = "knha"))
found[["Batch of 10,000, k = 20, REML and Knapp-Hartung"]] <- 50 * seconds(function()
  for (i in 1:200) tried(data$batch$y[i, ], data$batch$v[i, ], method = "REML", test = "knha"))
found[["Batch of 10,000, k = 20, DL and z"]] <- 50 * seconds(function()
  for (i in 1:200) tried(data$batch$y[i, ], data$batch$v[i, ], method = "DL", test = "z"))
found[["Leave-one-out, k = 100"]] <- { r <- fit(of(100)); seconds(function() leave1out(r)) }
found[["Leave-one-out, k = 1,000"]] <- 1000 * seconds(function() rma.uni(of(1000)$y[-1], of(1000)$v[-1], test = "knha"))
found[["10,000 permutations, k = 20"]] <- { r <- fit(of(20)); 50 * seconds(function()
  permutest(r, iter = 200, progbar = FALSE)) }
found[["GOSH, 100,000 subsets, k = 20"]] <- { r <- fit(of(20)); 500 * seconds(function()
  gosh(r, subsets = 200, progbar = FALSE)) }
found[["Influence, k = 100"]] <- { r <- fit(of(100)); seconds(function() influence(r)) }
cat(toJSON(list(seconds = found, version = paste0("R ", getRversion(), ", metafor ", packageVersion("metafor"))),
  auto_unbox = TRUE, digits = 8))
