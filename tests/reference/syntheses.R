# The pooled syntheses of the shipped review, computed by R's metafor from the same files.
#
#   Rscript tests/reference/syntheses.R > tests/reference/syntheses.json
#
# Nothing of the toolkit is used: rows are chosen, put on the analysis scale and turned here anew.
# Run from the project's folder. Made with R 4.2.2, metafor 3.8-1, jsonlite 1.8.4.

suppressPackageStartupMessages({library(metafor); library(jsonlite)})

rows <- read.csv("data/estimates.csv", colClasses = "character", encoding = "UTF-8", na.strings = character())
number <- function(column) suppressWarnings(as.numeric(ifelse(column == "", NA, column)))
for (column in c("value", "ci_low", "ci_high", "ci_level", "events_1", "total_1", "events_2", "total_2"))
  rows[[column]] <- number(rows[[column]])

# The pooled questions with their scales, read from the lines of questions.toml.
text <- readLines("data/questions.toml", encoding = "UTF-8")
field <- function(lines, name) sub('^[a-z_]+ = "?([^"]*)"?$', "\\1", grep(paste0("^", name, " = "), lines, value = TRUE)[1])
starts <- which(text == "[[question]]")
ends <- c(starts[-1] - 1, length(text))
blocks <- Map(function(from, to) text[from:to], starts, ends)
pooled <- Filter(function(block) field(block, "method") == "pool", blocks)

ratios <- c("OR", "RR", "HR", "IRR")
one <- function(block) {
  question <- field(block, "question"); scale <- field(block, "measure")
  wanted <- if (scale == "log-ratio") ratios else scale
  use <- rows[rows$question == question & rows$role == "primary" & rows$status != "recalled" & rows$measure %in% wanted, ]
  counts <- !is.na(use$events_1) & !is.na(use$total_1) & !is.na(use$events_2) & !is.na(use$total_2) & use$measure %in% c("OR", "RR", "RD")
  interval <- !is.na(use$value) & !is.na(use$ci_low) & !is.na(use$ci_high) & !is.na(use$ci_level)
  from_counts <- counts & (use$adjusted == "no" | !interval)
  yi <- vi <- rep(NA_real_, nrow(use))
  for (i in seq_len(nrow(use))) {
    if (from_counts[i]) {
      effect <- escalc(measure = use$measure[i], ai = use$events_1[i], n1i = use$total_1[i], ci = use$events_2[i], n2i = use$total_2[i])
      yi[i] <- effect$yi; vi[i] <- effect$vi
    } else if (interval[i]) {
      transform <- if (use$measure[i] %in% ratios) log else if (use$measure[i] == "R") atanh else identity
      yi[i] <- transform(use$value[i])
      half <- (transform(use$ci_high[i]) - transform(use$ci_low[i])) / 2
      vi[i] <- (half / qnorm(1 - (1 - use$ci_level[i] / 100) / 2))^2
    }
  }
  yi[use$orientation == "reversed"] <- -yi[use$orientation == "reversed"]
  keep <- !is.na(yi) & !is.na(vi)
  fit <- rma(yi[keep], vi[keep], method = "REML", test = "knha", control = list(threshold = 1e-12, maxiter = 5000))
  predicted <- predict(fit)
  limits <- confint(fit, control = list(tol = 1e-13))$random
  list(question = question, estimates = use$estimate[keep], yi = yi[keep], vi = vi[keep], k = fit$k,
       estimate = c(fit$beta), se = fit$se, ci_low = fit$ci.lb, ci_high = fit$ci.ub, p_value = fit$pval,
       tau2 = fit$tau2, i2 = fit$I2, q = fit$QE, q_p = fit$QEp,
       prediction_low = predicted$pi.lb, prediction_high = predicted$pi.ub,
       tau2_low = limits["tau^2", "ci.lb"], tau2_high = limits["tau^2", "ci.ub"])
}
results <- lapply(pooled, one)
versions <- list(R = as.character(getRversion()), metafor = as.character(packageVersion("metafor")))
cat(toJSON(list(versions = versions, syntheses = results), auto_unbox = TRUE, digits = NA, pretty = TRUE), "\n")
