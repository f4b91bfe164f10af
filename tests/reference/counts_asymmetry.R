# Tests of funnel plot asymmetry for counts of two groups, by lm(): Peters, Macaskill, Harbord and Deeks.
# Rscript counts_asymmetry.R > counts_asymmetry.json
suppressMessages({library(metafor); library(jsonlite)})
data <- list(bcg = with(dat.bcg, list(a = tpos, n1 = tpos + tneg, c = cpos, n2 = cpos + cneg)),
             hartmannboyce2018 = with(dat.hartmannboyce2018, list(a = x.nrt, n1 = n.nrt, c = x.ctrl, n2 = n.ctrl)),
             dorn2007 = with(dat.dorn2007, list(a = x.a, n1 = n.a, c = x.p, n2 = n.p)),
             no_events = list(a = c(0, 3, 1, 8, 5, 4), n1 = c(10, 20, 15, 40, 30, 12), c = c(0, 1, 2, 4, 9, 12),
                              n2 = c(12, 20, 14, 44, 31, 12)))
row <- function(fit, term) {
  found <- summary(fit)$coefficients[term, ]
  list(slope = found[[1]], slope_se = found[[2]], statistic = found[[3]], p_value = found[[4]], df = fit$df.residual)
}
out <- list(software = paste(R.version.string, "metafor", packageVersion("metafor")), data = list())
for (name in names(data)) {
  d <- lapply(data[[name]], as.numeric)
  found <- d
  y <- c(escalc("OR", ai = d$a, n1i = d$n1, ci = d$c, n2i = d$n2)$yi)
  n <- d$n1 + d$n2
  m <- d$a + d$c
  w <- 1 / (1 / m + 1 / (n - m))
  score <- d$a - m * d$n1 / n
  root <- sqrt(as.numeric(d$n1) * d$n2 * m * (n - m) / (n^2 * (n - 1)))
  ess <- 4 * d$n1 * d$n2 / n
  keep <- root > 0
  found$Peters <- row(lm(y ~ I(1 / n), weights = w), 2)
  found$Macaskill <- row(lm(y ~ n, weights = w), 2)
  found$Harbord <- row(lm(I(score / root)[keep] ~ root[keep]), 1)
  found$Deeks <- row(lm(y ~ I(1 / sqrt(ess)), weights = ess), 2)
  out$data[[name]] <- found
}
cat(toJSON(out, auto_unbox = TRUE, digits = 15), "\n")
