# Reference values for conversions: printed results to variances, tables from margins, odds ratios to risk ratios,
# means and standard deviations from quantiles.
#
#   Rscript conversions.R > conversions.json
#
# Made with R 4.2.2, metafor 3.8-1, jsonlite 1.8.4 (Debian 12 packages). metafor has conv.fivenum, conv.2x2 and conv.wald
# from 4.0 on only, so tables go there and back through chisq.test and escalc here, and the two estimators for which no
# other package's output was found (Shi et al. 2020 equation 10, in the form with two divisors; Shi, Tong et al. 2020 for
# log-normal data) are computed from the papers' equations.

suppressMessages({library(metafor); library(jsonlite)})

tables <- list(c(36, 86, 20, 98), c(28, 14, 12, 18), c(176, 24, 72, 128), c(10, 10, 10, 10), c(3, 997, 9, 991))
margins <- lapply(tables, function(cell) {
  m <- matrix(cell, 2, byrow = TRUE)
  sign <- sign(cell[1] * cell[4] - cell[2] * cell[3])
  statistic <- function(correct) as.numeric(suppressWarnings(chisq.test(m, correct = correct)$statistic)) * if (sign == 0) 1 else sign
  measure <- function(name) as.numeric(escalc(measure = name, ai = cell[1], bi = cell[2], ci = cell[3], di = cell[4])$yi)
  list(cells = cell, odds_ratio = exp(measure("OR")), phi = measure("PHI"), yates = statistic(TRUE), plain = statistic(FALSE),
    log_or = measure("OR"), log_rr = measure("RR"), baseline_risk = cell[3] / (cell[3] + cell[4]))
})

intervals <- list(
  normal = ((log(1.22) - log(.33)) / (2 * qnorm(.975)))^2, t38 = (2 / (2 * qt(.975, 38)))^2, level90 = (2 / (2 * qnorm(.95)))^2,
  p_normal = (log(.64) / qnorm(.17 / 2))^2, p_t45 = (3.8 / qt(.008 / 2, 45))^2,
  sd_25 = sqrt(25) * (56 - 44) / (2 * qt(.975, 24)), sd_100 = sqrt(100) * (56 - 44) / (2 * qt(.975, 99)))

five <- list(minimum = 2, q1 = 6, median = 9, q3 = 17, maximum = 41)
shi <- lapply(c(7, 30, 100), function(n) with(five, {
  theta1 <- (2 + .14 * n^.6) * qnorm((n - .375) / (n + .25))
  theta2 <- (2 + 2 / (.07 * n^.6)) * qnorm((.75 * n - .125) / (n + .25))
  list(n = n, sd = (maximum - minimum) / theta1 + (q3 - q1) / theta2)
}))

log_normal <- lapply(c(20, 150), function(n) {
  x <- lapply(five, log)
  range <- (x$maximum - x$minimum) / (2 * qnorm((n - .375) / (n + .25))); inner <- (x$q3 - x$q1) / (2 * qnorm((.75 * n - .125) / (n + .25)))
  w <- 4 / (4 + n^.75); w1 <- 2.2 / (2.2 + n^.75); w2 <- .7 - .72 / n^.55; s <- 1 / (1 + .07 * n^.6)
  back <- function(mean, var, fourth, phi, upper, lower) c(
    exp(mean + var / 2) / (1 + phi[1] * var / n + phi[2] * fourth / n),
    sqrt(exp(2 * mean + 2 * var) / (1 + upper[1] * var / n + upper[2] * fourth / n) - exp(2 * mean + var) / (1 + lower[1] * var / n + lower[2] * fourth / n)))
  both <- s * range + (1 - s) * inner
  list(n = n,
    extremes = back(w * (x$minimum + x$maximum) / 2 + (1 - w) * x$median, range^2 / (1.01 + .25 / log(n)^2), range^4 / (1 + 2.23 / log(n)^2), c(.565, .37), c(2.26, 5.92), c(2.26, 1.48)),
    quartiles = back((.7 + .39 / n) * (x$q1 + x$q3) / 2 + (.3 - .39 / n) * x$median, inner^2 / (1 + 1.58 / n), inner^4 / (1 + 19.2 / n^1.2), c(.57, .75), c(2.28, 12), c(2.28, 3)),
    `all-five` = back(w1 * (x$minimum + x$maximum) / 2 + w2 * (x$q1 + x$q3) / 2 + (1 - w1 - w2) * x$median, both^2 / (1 + .28 / log(n)^2), both^4 / (1 + 3.93 / n), c(.405, .315), c(1.62, 5.04), c(1.62, 1.26)))
})

x <- .3 # a natural value, a standard error of .02, and what R's symbolic derivatives make of them
scales <- list(OR = quote(log(x)), ZCOR = quote(.5 * log((1 + x) / (1 - x))), PLO = quote(log(x / (1 - x))), PAS = quote(asin(sqrt(x))),
  IRS = quote(sqrt(x)), AHW = quote(1 - (1 - x)^(1 / 3)), ABT = quote(-log(1 - x)), PERCENT = quote(log(1 + x / 100)), MD = quote(x))
slopes <- lapply(names(scales), function(code) list(measure = code, value = x, y = eval(scales[[code]]), slope = eval(D(scales[[code]], "x")),
  se = .02, v = (.02 * eval(D(scales[[code]], "x")))^2))

version <- function(package) as.character(packageVersion(package))
source <- list(script = "conversions.R", R = paste(R.version$major, R.version$minor, sep = "."), metafor = version("metafor"), jsonlite = version("jsonlite"))
cat(toJSON(list(source = source, margins = margins, intervals = intervals, five = five, shi = shi, log_normal = log_normal, slopes = slopes),
  auto_unbox = TRUE, digits = I(15), na = "null", null = "null"), "\n")
