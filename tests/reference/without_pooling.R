# Reference values for combined p-values, albatross contours, the LFK index and shares of true effects.
#
#   Rscript without_pooling.R > without_pooling.json
#
# Made with R 4.2.2, metap 1.8-1, metafor 3.8-1, metadat 1.2-0, jsonlite 1.8.4 (Debian 12 packages). Where no package
# has the number, it is computed here from the paper's equation: Wilson (2019) equation 4 by numerical integration; the
# LFK index as in metasens 1.5-3, lfkindex(); shares of effects as in MetaUtility 2.1.2, prop_stronger(), parametric.

suppressMessages({library(metap); library(metafor); library(metadat); library(jsonlite)})
data(dat.metap)

inside <- function(p) p[p > 0 & p < 1]
sets <- list(
  beckerp = dat.metap$beckerp, edgington = dat.metap$edgington, teachexpect = inside(dat.metap$teachexpect), validity = inside(dat.metap$validity$p),
  naep = inside(dat.metap$naep$p), two = c(.04, .6), tiny = c(1e-12, .3, .5, .8), one = .03)

landau_tail <- function(x, location, scale) {
  # The tail of a stable law with alpha = 1, beta = 1, as an integral over its density's representation.
  z <- (pi / 2) * (x - location) / scale + log(pi / 2)
  integrate(function(t) exp(-t * z - t * log(t)) * sin(pi * t) / t / pi, 0, 1, rel.tol = 1e-12, subdivisions = 2000)$value +
    integrate(function(t) exp(-t * z - t * log(t)) * sin(pi * t) / t / pi, 1, 60, rel.tol = 1e-10, subdivisions = 5000)$value
}
harmonic <- function(p) {
  mean <- length(p) / sum(1 / p)
  list(statistic = mean, p_value = landau_tail(1 / mean, log(length(p)) + 1 + digamma(1) - log(2 / pi), pi / 2))
}
combined <- lapply(names(sets), function(name) {
  p <- sets[[name]]; k <- length(p)
  found <- list(
    simes = list(statistic = min(p.adjust(p, "BH")), p_value = min(p.adjust(p, "BH"))),
    cauchy = list(statistic = mean(qcauchy(p, lower.tail = FALSE)), p_value = pcauchy(mean(qcauchy(p, lower.tail = FALSE)), lower.tail = FALSE)),
    pearson = list(statistic = 2 * sum(log1p(-p)), p_value = pchisq(-2 * sum(log1p(-p)), 2 * k)),
    `harmonic-mean` = if (min(p) > 1e-6) harmonic(p)) # the integrand is too narrow below
  if (k > 1) {
    f <- sumlog(p); s <- sumz(p); l <- logitp(p); e <- sump(p); m <- minimump(p)
    w <- seq_len(k); sw <- sumz(p, weights = w)
    found <- c(found, list(
      fisher = list(statistic = f$chisq, p_value = f$p), stouffer = list(statistic = as.numeric(s$z), p_value = as.numeric(s$p)),
      logit = list(statistic = l$t, p_value = l$p), edgington = list(statistic = sum(p), p_value = e$p),
      tippett = list(statistic = min(p), p_value = m$p),
      stouffer_weighted = list(statistic = as.numeric(sw$z), p_value = as.numeric(sw$p))))
  }
  list(data = name, p = I(p), found = found)
})

contours <- body(metap:::docontours)
size_of <- list(COR = eval(contours[[2]][[3]]), SMD = eval(contours[[3]][[3]]), OR = eval(contours[[4]][[3]]))
p <- c(.5, .2, .05, .01, 1e-4)
albatross <- list()
for (measure in names(size_of)) for (effect in list(SMD = c(.2, .8, 2), OR = c(1.2, 3), COR = c(.1, .7))[[measure]])
  albatross[[length(albatross) + 1]] <- list(measure = measure, effect = effect, p = p, n = size_of[[measure]](p / 2, effect))

lfk <- function(y, v) {
  o <- order(y); y <- y[o]; v <- v[o]
  n <- 100 * max(v) / v
  z <- qnorm((cumsum(n) - n / 2 - .5) / sum(n))
  away <- y - y[which.min(abs(z))]
  list(y = y, z = z, lfk = 5 / (2 * length(y)) * sum(z + (max(z) - min(z)) / (max(away) - min(away)) * away))
}
or <- escalc(measure = "OR", ai = tpos, bi = tneg, ci = cpos, di = cneg, data = dat.bcg)
normand <- escalc(measure = "SMD", m1i = m1i, sd1i = sd1i, n1i = n1i, m2i = m2i, sd2i = sd2i, n2i = n2i, data = dat.normand1999)
fitted <- list(
  pain = list(y = c(-4.270, -1.710, -.580, -.190, 0), v = c(.158, .076, .018, .022, .040)), # the paper's example
  bcg = list(y = as.numeric(or$yi), v = as.numeric(or$vi)), normand1999 = list(y = as.numeric(normand$yi), v = as.numeric(normand$vi)))
doi <- lapply(names(fitted), function(name) c(list(data = name), list(v = fitted[[name]]$v[order(fitted[[name]]$y)]), lfk(fitted[[name]]$y, fitted[[name]]$v)))

control <- list(threshold = 1e-12, maxiter = 5000)
shares <- list()
for (name in c("bcg", "normand1999")) for (test in c("z", "knha")) for (threshold in c(-1, -.5, 0)) {
  d <- fitted[[name]]
  r <- rma(d$y, d$v, test = test, control = control)
  m <- as.numeric(r$beta); z <- (threshold - m) / sqrt(r$tau2)
  se <- dnorm(z) * sqrt(r$se^2 / r$tau2 + r$se.tau2^2 * (threshold - m)^2 / (4 * r$tau2^3))
  predicted <- (threshold - m) / sqrt(r$tau2 + r$se^2)
  above <- pnorm(z, lower.tail = FALSE)
  shares[[length(shares) + 1]] <- list(
    data = name, y = d$y, v = d$v, test = test, threshold = threshold, share = above, se = se,
    ci_low = max(0, above + qnorm(.025) * se), ci_high = min(1, above - qnorm(.025) * se),
    probability = if (test == "z") pnorm(predicted, lower.tail = FALSE) else pt(predicted, r$ddf, lower.tail = FALSE))
}

version <- function(package) as.character(packageVersion(package))
packages <- c("metap", "metafor", "metadat", "jsonlite")
source <- c(list(script = "without_pooling.R", R = paste(R.version$major, R.version$minor, sep = ".")), setNames(lapply(packages, version), packages))
cat(toJSON(list(source = source, combined = combined, albatross = albatross, doi = doi, shares = shares),
  auto_unbox = TRUE, digits = I(15), na = "null", null = "null"), "\n")
