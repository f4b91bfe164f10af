# Reference values for models of counts: Mantel-Haenszel, Peto, and generalised linear mixed models.
#
#   Rscript rare_events.R > rare_events.json
#
# Made with R 4.2.2, metafor 3.8-1, metadat 1.2-0, lme4 1.1-31, jsonlite 1.8.4 (Debian 12 packages); the file repeats the
# versions. Continuity corrections are metafor's defaults: none for the pooled effects, 1/2 for tables with a zero cell in
# the studies' own effects, and tables without events left out of those. Mixed models have 7 points of quadrature, as by
# default, and 100 where the file says so.

suppressMessages({library(metafor); library(metadat); library(jsonlite)})
numbers <- function(x) unname(as.numeric(x))
one <- function(x) if (length(x)) unbox(as.numeric(x)) else NULL

bcg <- with(dat.bcg, list(a = tpos, n1 = tpos + tneg, c = cpos, n2 = cpos + cneg))
yusuf <- with(subset(dat.yusuf1985, table == "6" & !is.na(ai)), list(a = ai, n1 = n1i, c = ci, n2 = n2i))
nielweise <- with(dat.nielweise2008, list(a = x1i, t1 = t1i, c = x2i, t2 = t2i))
hart <- with(dat.hart1999, list(a = x1i, t1 = t1i, c = x2i, t2 = t2i))
debruin <- with(dat.debruin2009, list(x = xi, n = ni))
sets <- list(bcg = bcg, yusuf1985 = yusuf, nielweise2008 = nielweise, hart1999 = hart, debruin2009 = debruin)

pooled_of <- function(r) list(estimate = one(r$beta), se = one(r$se), ci_low = one(r$ci.lb), ci_high = one(r$ci.ub),
  p = one(r$pval), q = one(r$QE), q_p = one(r$QEp), i2 = one(r$I2), h2 = one(r$H2), association = one(r$MH),
  association_p = one(r$MHp), tarone = one(r$TA), tarone_p = one(r$TAp), breslow_day = one(r$BD), breslow_day_p = one(r$BDp))
strata <- list()
for (name in c("bcg", "yusuf1985")) for (measure in c("OR", "RR", "RD")) for (correct in c(TRUE, FALSE)) {
  d <- sets[[name]]
  r <- with(d, rma.mh(ai = a, n1i = n1, ci = c, n2i = n2, measure = measure, correct = correct))
  strata <- c(strata, list(c(list(data = unbox(name), measure = unbox(measure), correct = unbox(correct)), pooled_of(r))))
}
for (name in c("nielweise2008", "hart1999")) for (measure in c("IRR", "IRD")) {
  r <- with(sets[[name]], rma.mh(x1i = a, t1i = t1, x2i = c, t2i = t2, measure = measure))
  strata <- c(strata, list(c(list(data = unbox(name), measure = unbox(measure), correct = unbox(TRUE)), pooled_of(r))))
}
petos <- lapply(c("bcg", "yusuf1985"), function(name) {
  r <- with(sets[[name]], rma.peto(ai = a, n1i = n1, ci = c, n2i = n2))
  c(list(data = unbox(name)), pooled_of(r), list(cumulative = numbers(cumul(r)$estimate)))
})
without <- numbers(leave1out(with(bcg, rma.mh(ai = a, n1i = n1, ci = c, n2i = n2)))$estimate)

glmm_of <- function(name, measure, model, method, nAGQ) {
  d <- sets[[name]]
  args <- list(measure = measure, method = method, nAGQ = nAGQ)
  if (!is.null(model)) args$model <- model
  if (!is.null(d$x)) args <- c(args, list(xi = d$x, ni = d$n))
  else if (!is.null(d$t1)) args <- c(args, list(x1i = d$a, t1i = d$t1, x2i = d$c, t2i = d$t2))
  else args <- c(args, list(ai = d$a, n1i = d$n1, ci = d$c, n2i = d$n2))
  r <- suppressWarnings(do.call(rma.glmm, args))
  list(data = unbox(name), measure = unbox(measure), model = unbox(if (is.null(model)) "" else model), method = unbox(method),
    points = one(nAGQ), estimate = one(r$beta), se = one(r$se), tau2 = one(r$tau2), i2 = one(r$I2), h2 = one(r$H2),
    q_wald = one(r$QE.Wld), q_lrt = one(r$QE.LRT), loglik = one(r$fit.stats["ll", "ML"]), aic = one(r$fit.stats["AIC", "ML"]),
    bic = one(r$fit.stats["BIC", "ML"]))
}
mixed <- list()
for (points in c(7, 100)) {
  for (model in c("CM.AL", "UM.FS")) for (name in c("bcg", "yusuf1985"))
    mixed <- c(mixed, list(glmm_of(name, "OR", model, "ML", points)))
  for (model in c("CM.EL", "UM.FS")) for (name in c("nielweise2008", "hart1999"))
    mixed <- c(mixed, list(glmm_of(name, "IRR", model, "ML", points)))
  mixed <- c(mixed, list(glmm_of("debruin2009", "PLO", NULL, "ML", points)))
}
for (model in c("CM.AL", "UM.FS")) mixed <- c(mixed, list(glmm_of("bcg", "OR", model, "EE", 7)))

# The conditional model with the exact likelihood needs the package BiasedUrn in metafor. Here it is written out from its
# definition: noncentral hypergeometric probabilities as sums, integrated over the random effect, maximised by optim().
log_probability <- function(d, i, eta) {
  m <- d$a[i] + d$c[i]; x <- max(0, m - d$n2[i]):min(d$n1[i], m)
  base <- lchoose(d$n1[i], x) + lchoose(d$n2[i], m - x)
  sapply(eta, function(e) { all <- base + x * e; top <- max(all); all[x == d$a[i]] - top - log(sum(exp(all - top))) })
}
study_likelihood <- function(d, i, theta, tau) {
  if (tau < 1e-8) return(log_probability(d, i, theta))
  peak <- optimize(function(u) log_probability(d, i, theta + tau * u) + dnorm(u, log = TRUE), c(-8, 8), maximum = TRUE, tol = 1e-10)
  f <- function(u) exp(log_probability(d, i, theta + tau * u) + dnorm(u, log = TRUE) - peak$objective)
  area <- integrate(f, -9, peak$maximum, rel.tol = 1e-11, subdivisions = 500)$value +
    integrate(f, peak$maximum, 9, rel.tol = 1e-11, subdivisions = 500)$value
  peak$objective + log(area)
}
exact_of <- function(name, random) {
  d <- sets[[name]]
  told <- which(d$a + d$c > 0 & d$a + d$c < d$n1 + d$n2)
  minus <- function(par) -sum(sapply(told, function(i) study_likelihood(d, i, par[1], if (random) abs(par[2]) else 0)))
  start <- if (random) c(-0.5, 0.4) else -0.5
  found <- optim(start, minus, method = "BFGS", control = list(reltol = 1e-15), hessian = TRUE)
  list(data = unbox(name), measure = unbox("OR"), model = unbox("CM.EL"), method = unbox(if (random) "ML" else "EE"),
    points = one(0), estimate = one(found$par[1]), se = one(sqrt(diag(solve(found$hessian)))[1]),
    tau2 = one(if (random) found$par[2]^2 else 0), loglik = one(-found$value))
}
collins <- with(dat.collins1985b, list(a = pre.xti, n1 = pre.nti, c = pre.xci, n2 = pre.nci))
sets$collins1985b <- collins
mixed <- c(mixed, list(exact_of("collins1985b", TRUE), exact_of("collins1985b", FALSE), exact_of("yusuf1985", FALSE)))

# Log odds of one group where quadrature with few points is too coarse: two of three studies have no event.
sets$sparse <- list(x = c(16, 0, 0), n = c(1023, 585, 288))
minus <- function(par) -sum(mapply(function(x, n) {
  log_density <- function(u) dbinom(x, n, plogis(par[1] + exp(par[2]) * u), log = TRUE) + dnorm(u, log = TRUE)
  peak <- optimize(log_density, c(-10, 10), maximum = TRUE, tol = 1e-10)
  f <- function(u) exp(log_density(u) - peak$objective)
  peak$objective + log(integrate(f, -12, peak$maximum, rel.tol = 1e-12, subdivisions = 500)$value +
    integrate(f, peak$maximum, 12, rel.tol = 1e-12, subdivisions = 500)$value)
}, sets$sparse$x, sets$sparse$n))
found <- optim(c(-7, 1), minus, method = "BFGS", control = list(reltol = 1e-15), hessian = TRUE)
sparse <- list(estimate = one(found$par[1]), se = one(sqrt(diag(solve(found$hessian)))[1]), tau2 = one(exp(2 * found$par[2])),
  loglik = one(-found$value))

# A single study says nothing of how effects vary.
single <- pooled_of(rma.peto(ai = 5, n1i = 50, ci = 9, n2i = 55))
versions <- lapply(c("metafor", "metadat", "lme4"), function(p) unbox(paste(p, packageVersion(p))))
cat(toJSON(list(versions = c(list(unbox(paste("R", getRversion()))), versions), sets = sets, strata = strata, peto = petos,
  leave_one_out = list(bcg = without), mixed = mixed, sparse = sparse,
  single = single), digits = 15, null = "null", na = "null"))
