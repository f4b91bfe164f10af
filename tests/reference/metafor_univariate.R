# Reference values for toolkit.effects and toolkit.meta, computed by R's metafor.
#
#   Rscript metafor_univariate.R > metafor_univariate.json
#
# Made with R 4.2.2, metafor 3.8-1, metadat 1.2-0, jsonlite 1.8.4 (Debian 12 packages); the file repeats the versions.
# metafor stops at an absolute change of tau2, so iterated fits here have threshold 1e-12 in place of 1e-5, and the
# data set with tiny effects is fitted in a unit 1e5 times smaller and its results are carried back.

suppressMessages({library(metafor); library(metadat); library(jsonlite)})

control <- list(threshold = 1e-12, maxiter = 5000, tol = 1e-13)
methods <- c("EE", "DL", "HE", "HS", "HSk", "SJ", "ML", "REML", "EB", "PM")
tests <- c("z", "t", "knha", "adhoc")

# --- effect sizes ---------------------------------------------------------------------------------------------------

pick <- function(data, columns) lapply(data[columns], as.numeric)

tables <- list(
  bcg = with(dat.bcg, list(ai = tpos, bi = tneg, ci = cpos, di = cneg)),
  zeros = list(ai = c(0, 0, 1, 0, 5), bi = c(100, 80, 150, 60, 0), ci = c(0, 1, 0, 2, 3), di = c(100, 79, 151, 58, 4)))
rates <- list(nielweise2008 = pick(dat.nielweise2008, c("x1i", "t1i", "x2i", "t2i")))
means <- list(
  normand1999 = pick(dat.normand1999, c("m1i", "sd1i", "n1i", "m2i", "sd2i", "n2i")),
  gibson2002 = pick(dat.gibson2002, c("m1i", "sd1i", "n1i", "m2i", "sd2i", "n2i")))
correlations <- list(mcdaniel1994 = pick(dat.mcdaniel1994[1:40, ], c("ri", "ni")), small = list(ri = c(.2, .5), ni = c(3, 4)))
proportions <- list(
  pritz1997 = pick(dat.pritz1997, c("xi", "ni")),
  zeros = list(xi = c(0, 3, 10, 2), ni = c(20, 30, 10, 50)))
one_rate <- list(nielweise2008 = with(dat.nielweise2008, list(xi = as.numeric(x1i), ti = as.numeric(t1i))))
one_mean <- list(normand1999 = with(dat.normand1999, list(mi = as.numeric(m1i), sdi = as.numeric(sd1i), ni = as.numeric(n1i))))

effects <- list()
escalc_case <- function(name, measure, raw, rule = list(), variance = "LS") {
  found <- suppressWarnings(do.call(escalc, c(list(measure = measure, vtype = variance), rule, raw)))
  effects[[length(effects) + 1]] <<- list(
    data = name, measure = measure, rule = rule, variance = variance, raw = raw,
    y = as.numeric(found$yi), v = as.numeric(found$vi))
}
each <- function(sets, measures, variances = "LS", rules = list(list())) {
  for (name in names(sets)) for (measure in measures) for (variance in variances) for (rule in rules)
    escalc_case(name, measure, sets[[name]], rule, variance)
}
rules <- list(list(), list(to = "all"), list(to = "if0all"), list(to = "none"), list(drop00 = TRUE), list(add = .25))
each(tables, c("OR", "RR", "RD", "PETO", "YUQ", "YUY"), rules = rules)
each(tables, c("AS", "PHI"), rules = list(list(), list(to = "all", add = .5)))
each(tables, "RD", c("UB", "AV")); each(tables, "PHI", "ST")
each(rates, c("IRR", "IRD", "IRSD"), rules = list(list(), list(to = "all"), list(drop00 = TRUE)))
each(means, c("MD", "SMD", "SMDH", "ROM", "CVR", "VR"))
each(means, "MD", "HO"); each(means, "SMD", c("LS2", "UB", "AV")); each(means, "ROM", c("HO", "AV", "AVHO"))
each(means, "SMDH", "LS2")
each(correlations, c("COR", "ZCOR")); each(correlations, "COR", "AV")
each(proportions, c("PR", "PLN", "PLO", "PAS", "PFT"), rules = list(list(), list(to = "all", add = .5)))
each(proportions, "PR", c("UB", "AV")); each(proportions, c("PLN", "PLO"), "AV")
each(one_rate, c("IR", "IRLN", "IRS", "IRFT"))
each(one_mean, c("MN", "MNLN"))

back <- list()
for (measure in c("PLN", "PLO", "PAS", "PFT", "IRLN", "IRS", "IRFT", "ZCOR", "OR")) {
  raw <- switch(measure, IRLN = , IRS = , IRFT = one_rate[[1]], ZCOR = correlations[[1]], OR = tables[[1]], proportions[[1]])
  y <- as.numeric(do.call(escalc, c(list(measure = measure), raw))$yi)
  size <- switch(measure, PFT = 1 / mean(1 / raw$ni), IRFT = 1 / mean(1 / raw$ti), NULL)
  natural <- switch(measure, PLN = , IRLN = , OR = exp(y), PLO = transf.ilogit(y), PAS = transf.iarcsin(y),
    PFT = transf.ipft(y, size), IRS = transf.isqrt(y), IRFT = transf.iirft(y, size), ZCOR = transf.ztor(y))
  back[[length(back) + 1]] <- list(measure = measure, y = y, size = size, natural = natural)
}

# --- univariate models ----------------------------------------------------------------------------------------------

rated <- function(raw, measure) {
  found <- do.call(escalc, c(list(measure = measure), raw))
  list(yi = as.numeric(found$yi), vi = as.numeric(found$vi))
}
sets <- list(
  bcg_OR = rated(tables$bcg, "OR"),
  gibson2002_MD = {d <- rated(means$gibson2002, "MD"); keep <- !is.na(d$yi); list(yi = d$yi[keep], vi = d$vi[keep])},
  normand1999_SMD = rated(means$normand1999, "SMD"),
  mcdaniel1994_ZCOR = rated(correlations$mcdaniel1994, "ZCOR"),
  pritz1997_PFT = rated(proportions$pritz1997, "PFT"),
  zeros_RD = rated(tables$zeros, "RD"),
  one_study = list(yi = .3, vi = .04),
  two_studies_alike = list(yi = c(.3, .31), vi = c(.02, .05)),
  two_studies_apart = list(yi = c(-.4, .9), vi = c(.02, .05)),
  no_heterogeneity = list(yi = c(.1, .12, .09, .15, .11), vi = c(.04, .02, .05, .03, .06)),
  less_than_chance = list(yi = c(.1, .1001, .0999, .1, .1002, .1, .1001, .1), vi = rep(c(.04, .02), 4)),
  equal_variances = list(yi = c(.1, .5, -.2, .9, .3, .35), vi = rep(.04, 6)),
  outlier = list(yi = c(.1, .2, .15, .12, .18, 3), vi = c(.02, .03, .025, .04, .02, .03)),
  one_dominates = list(yi = c(.1, .5, .4, .7), vi = c(1e-6, .05, .04, .09)),
  tiny_effects = list(yi = c(1.2e-5, 4e-5, -2e-5, 6e-5, 3e-5, 1e-5), vi = c(1, 2, 1.5, 4, 1, 2) * 1e-10))

fit_all <- function(d, unit = 1) {
  y <- d$yi / unit; v <- d$vi / unit^2; k <- length(y)
  squared <- unit^2
  fit <- function(method, test) {
    r <- suppressWarnings(rma.uni(y, v, method = method, test = test, control = control))
    p <- predict(r)
    if (method == "EE") p$pi.lb <- p$pi.ub <- NA
    # A change of unit moves the likelihoods by known constants.
    shift <- c(ML = -k * log(unit), REML = -(k - 1) * log(unit))
    stats <- sapply(c("ML", "REML"), function(kind) {
      s <- r$fit.stats[[kind]]; names(s) <- rownames(r$fit.stats)
      moved <- s - 2 * shift[[kind]]
      moved[["ll"]] <- s[["ll"]] + shift[[kind]]
      if (kind == "ML") moved[["dev"]] <- s[["dev"]]
      as.list(setNames(moved, c("loglik", "deviance", "aic", "bic", "aicc")))
    }, simplify = FALSE)
    list(
      test = r$test, df = if (is.na(r$ddf)) NULL else r$ddf,
      estimate = as.numeric(r$beta) * unit, se = r$se * unit, statistic = r$zval, p_value = r$pval, ci_low = r$ci.lb * unit, ci_high = r$ci.ub * unit, tau2 = r$tau2 * squared,
      tau2_se = if (is.na(r$se.tau2)) NULL else r$se.tau2 * squared, i2 = r$I2, h2 = r$H2, q = r$QE, q_p = r$QEp,
      pi_low = p$pi.lb * unit, pi_high = p$pi.ub * unit, information = stats)
  }
  fits <- list()
  for (method in methods) for (test in if (method == "EE") c("z", "t") else tests) fits[[paste(method, test)]] <- fit(method, test)
  limits <- list(); blup <- NULL
  if (k > 1) {
    for (case in list(c("DL", "QP"), c("REML", "QP"), c("ML", "PL"), c("REML", "PL"))) {
      r <- suppressWarnings(rma.uni(y, v, method = case[1], test = "z", control = control))
      top <- max(100, 1e5 * r$tau2)
      found <- confint(r, type = case[2], control = list(tol = 1e-13, maxiter = 10000, tau2.max = top))$random
      limits[[paste(case, collapse = " ")]] <- list(
        tau2 = as.numeric(found["tau^2", ]) * squared, tau = as.numeric(found["tau", ]) * unit,
        i2 = as.numeric(found["I^2(%)", ]), h2 = as.numeric(found["H^2", ]))
    }
    b <- blup(rma.uni(y, v, method = "REML", test = "knha", control = control))
    blup <- list(estimate = b$pred * unit, se = b$se * unit, ci_low = b$pi.lb * unit, ci_high = b$pi.ub * unit)
  }
  list(y = I(d$yi), v = I(d$vi), fits = fits, limits = limits, blup = blup)
}
models <- lapply(names(sets), function(name) c(list(data = name), fit_all(sets[[name]], if (name == "tiny_effects") 1e-5 else 1)))

version <- function(package) as.character(packageVersion(package))
source <- list(script = "metafor_univariate.R", R = paste(R.version$major, R.version$minor, sep = "."),
  metafor = version("metafor"), metadat = version("metadat"), jsonlite = version("jsonlite"))
sign <- lapply(list(c(7, 1), c(5, 5), c(0, 4), c(12, 3), c(1, 0)), function(counts) {
  b <- binom.test(counts[1], sum(counts))
  list(positive = counts[1], negative = counts[2], p_value = b$p.value, ci_low = b$conf.int[1], ci_high = b$conf.int[2])
})
cat(toJSON(list(source = source, effects = effects, back_transform = back, models = models, sign_test = sign),
  auto_unbox = TRUE, digits = I(15), na = "null", null = "null"), "\n")
