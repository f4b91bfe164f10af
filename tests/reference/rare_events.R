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

# One group where quadrature with few points is too coarse: log odds where two of three studies have no event, and log
# rates where one of three has all events. log_probability(x, size, eta) is that of the counts.
one_group_of <- function(x, size, start, log_probability) {
  minus <- function(par) -sum(mapply(function(x, size) {
    log_density <- function(u) log_probability(x, size, par[1] + exp(par[2]) * u) + dnorm(u, log = TRUE)
    peak <- optimize(log_density, c(-10, 10), maximum = TRUE, tol = 1e-10)
    f <- function(u) exp(log_density(u) - peak$objective)
    peak$objective + log(integrate(f, -12, peak$maximum, rel.tol = 1e-12, subdivisions = 500)$value +
      integrate(f, peak$maximum, 12, rel.tol = 1e-12, subdivisions = 500)$value)
  }, x, size))
  found <- optim(start, minus, method = "BFGS", control = list(reltol = 1e-15), hessian = TRUE)
  list(estimate = one(found$par[1]), se = one(sqrt(diag(solve(found$hessian)))[1]), tau2 = one(exp(2 * found$par[2])),
    loglik = one(-found$value))
}
sets$sparse <- list(x = c(16, 0, 0), n = c(1023, 585, 288))
sparse <- one_group_of(sets$sparse$x, sets$sparse$n, c(-7, 1), function(x, n, eta) dbinom(x, n, plogis(eta), log = TRUE))
sets$sparse_rates <- list(x = c(39, 0, 0), t = c(100, 100, 100))
sparse_rates <- one_group_of(sets$sparse_rates$x, sets$sparse_rates$t, c(-6, 1.2), function(x, t, eta)
  dpois(x, t * exp(eta), log = TRUE))

# A single study says nothing of how effects vary.
single <- pooled_of(rma.peto(ai = 5, n1i = 50, ci = 9, n2i = 55))

# The model with random levels (UM.RS), by Laplace's approximation, is written out as well as fitted by metafor. glmer
# takes the determinant in that approximation at the weights of the last step but one of its inner search, whatever its
# tolerances: its log-likelihood is 1e-5 below that of the formula at the same parameters, and its standard error 0.4
# percent below that from Richardson's extrapolation of the formula's second differences (numDeriv's hessian()), with
# which optimHess() below agrees to 1e-6. As in metafor the fixed effect is that of the first group, and the random effect
# half in the first and minus half in the second.
laplace <- function(a, n, level, effect, sigma, tau) {
  share <- c(0.5, -0.5); design <- cbind(sigma, share * tau); z <- c(0, 0)
  for (step in 1:200) {
    q <- plogis(level + c(effect, 0) + design %*% z)
    information <- crossprod(design, as.vector(n * q * (1 - q)) * design) + diag(2)
    move <- as.vector(solve(information, crossprod(design, a - n * q) - z))
    z <- z + move * min(1, 2 / max(abs(move), 1e-300))
    if (max(abs(move)) < 1e-12) break
  }
  sum(dbinom(a, n, q, log = TRUE)) - sum(z^2) / 2 - log(det(information)) / 2
}
levels_of <- function(name) {
  d <- sets[[name]]; k <- length(d$a)
  each <- function(level, effects, sigma, tau) -sum(sapply(seq_len(k), function(i)
    laplace(c(d$a[i], d$c[i]), c(d$n1[i], d$n2[i]), level, effects[i], sigma, tau)))
  top <- function(f, start) {
    for (again in 1:3) start <- optim(start, f, method = "BFGS", control = list(reltol = 1e-15, maxit = 2000))$par
    list(par = start, value = f(start), hessian = optimHess(start, f, control = list(ndeps = rep(1e-3, length(start)))))
  }
  fit <- top(function(p) each(p[1], rep(p[2], k), p[3], p[4]), c(-2, 0, 0.8, 0.4))
  common <- top(function(p) each(p[1], rep(p[2], k), p[3], 0), c(-2, 0, 0.8))
  own <- with(d, log(a * (n2 - c) / ((n1 - a) * c)))
  all <- top(function(p) each(p[1], p[-(1:2)], p[2], 0), c(common$par[1], common$par[3], own))
  contrast <- cbind(-1, diag(k - 1)); variance <- contrast %*% solve(all$hessian)[-(1:2), -(1:2)] %*% t(contrast)
  differences <- contrast %*% all$par[-(1:2)]
  r <- suppressWarnings(with(d, rma.glmm(measure = "OR", model = "UM.RS", ai = a, n1i = n1, ci = c, n2i = n2)))
  list(data = unbox(name), estimate = one(fit$par[2]), se = one(sqrt(solve(fit$hessian)[2, 2])), tau2 = one(fit$par[4]^2),
    baseline_variance = one(fit$par[3]^2), loglik = one(-fit$value), q_lrt = one(2 * (common$value - all$value)),
    q_wald = one(t(differences) %*% solve(variance, differences)),
    metafor = list(estimate = one(r$beta), se = one(r$se), tau2 = one(r$tau2), baseline_variance = one(r$sigma2),
      loglik = one(r$fit.stats["ll", "ML"]), aic = one(r$fit.stats["AIC", "ML"]), bic = one(r$fit.stats["BIC", "ML"]),
      q_lrt = one(r$QE.LRT), i2 = one(r$I2)))
}
random_levels <- list(levels_of("bcg"))
hart_levels <- suppressWarnings(with(hart, rma.glmm(measure = "IRR", model = "UM.RS", x1i = a, t1i = t1, x2i = c, t2i = t2)))
zero_levels <- suppressWarnings(with(yusuf, rma.glmm(measure = "OR", model = "UM.RS", ai = a, n1i = n1, ci = c, n2i = n2)))
zero_levels <- list(estimate = one(zero_levels$beta), se = one(zero_levels$se), tau2 = one(zero_levels$tau2),
  baseline_variance = one(zero_levels$sigma2), q_lrt = one(zero_levels$QE.LRT))
rate_levels <- list(estimate = one(hart_levels$beta), loglik = one(hart_levels$fit.stats["ll", "ML"]), q_lrt = one(hart_levels$QE.LRT))

# What is pooled by hand for the table of methods: inverse variance with tables without events, and without them.
zeros <- list(a = c(3, 0, 5, 0, 2), n1 = c(50, 40, 60, 30, 80), c = c(6, 0, 9, 1, 4), n2 = c(50, 45, 60, 35, 75))
sets$zeros <- zeros
by_inverse_variance <- function(drop00) {
  e <- suppressWarnings(escalc("OR", ai = zeros$a, n1i = zeros$n1, ci = zeros$c, n2i = zeros$n2, drop00 = drop00))
  r <- rma(yi, vi, data = subset(e, !is.na(yi)), test = "knha", control = list(threshold = 1e-12, maxiter = 1000))
  list(k = one(r$k), estimate = one(r$beta), ci_low = one(r$ci.lb), ci_high = one(r$ci.ub))
}
pooled_peto <- with(zeros, rma.peto(ai = a, n1i = n1, ci = c, n2i = n2))
pooled_mh <- with(zeros, rma.mh(ai = a, n1i = n1, ci = c, n2i = n2))
methods <- list(mantel_haenszel = one(pooled_mh$beta), peto = one(pooled_peto$beta), with_double_zeros = by_inverse_variance(FALSE),
  without_double_zeros = by_inverse_variance(TRUE))

# Moderators: the same models with a model matrix. The exact conditional model is written out as above.
moderator <- list(bcg = dat.bcg$ablat, debruin2009 = c(1, 2, 1, 3, 2, 2, 1, 3, 1, 2, 3, 1, 2), nielweise2008 = c(3, 1, 2, 5, 4, 2, 1, 3, 2),
  collins1985b = c(0, 0, 1, 0, 1, 1, 0, 1, 0))
moderated_of <- function(name, measure, model, method = "ML") {
  d <- sets[[name]]
  args <- list(measure = measure, method = method, nAGQ = if (identical(model, "UM.RS")) 1 else 100, mods = moderator[[name]])
  if (!is.null(model)) args$model <- model
  if (!is.null(d$x)) args <- c(args, if (measure == "PLO") list(xi = d$x, ni = d$n) else list(xi = d$x, ti = d$n))
  else if (!is.null(d$t1)) args <- c(args, list(x1i = d$a, t1i = d$t1, x2i = d$c, t2i = d$t2))
  else args <- c(args, list(ai = d$a, n1i = d$n1, ci = d$c, n2i = d$n2))
  r <- suppressWarnings(do.call(rma.glmm, args))
  list(data = unbox(name), measure = unbox(measure), model = unbox(if (is.null(model)) "" else model), method = unbox(method),
    beta = numbers(r$beta), se = numbers(r$se), tau2 = one(r$tau2), i2 = one(r$I2), h2 = one(r$H2), q_df = one(r$QE.df),
    q_wald = one(r$QE.Wld), q_lrt = one(r$QE.LRT), qm = one(r$QM), qm_p = one(r$QMp))
}
moderated <- list(moderated_of("bcg", "OR", "UM.FS"), moderated_of("bcg", "OR", "UM.FS", "EE"), moderated_of("bcg", "OR", "UM.RS"),
  moderated_of("bcg", "OR", "CM.AL"), moderated_of("nielweise2008", "IRR", "UM.FS"), moderated_of("nielweise2008", "IRR", "CM.EL"),
  moderated_of("debruin2009", "PLO", NULL), moderated_of("debruin2009", "IRLN", NULL))
exact_moderated <- (function() {
  d <- sets$collins1985b; x <- moderator$collins1985b; k <- length(x)
  minus <- function(par) -sum(sapply(seq_len(k), function(i) study_likelihood(d, i, par[1] + par[2] * x[i], abs(par[3]))))
  found <- optim(c(-0.5, 0, 0.4), minus, method = "BFGS", control = list(reltol = 1e-15), hessian = TRUE)
  common <- optim(c(-0.5, 0), function(par) minus(c(par, 0)), method = "BFGS", control = list(reltol = 1e-15))
  own <- sapply(seq_len(k), function(i) optimize(function(e) log_probability(d, i, e), c(-5, 5), maximum = TRUE, tol = 1e-10)$objective)
  list(data = unbox("collins1985b"), beta = numbers(found$par[1:2]), se = numbers(sqrt(diag(solve(found$hessian)))[1:2]),
    tau2 = one(found$par[3]^2), loglik = one(-found$value), q_lrt = one(2 * (sum(own) + common$value)))
})()
versions <- lapply(c("metafor", "metadat", "lme4"), function(p) unbox(paste(p, packageVersion(p))))
cat(toJSON(list(versions = c(list(unbox(paste("R", getRversion()))), versions), sets = sets, strata = strata, peto = petos,
  leave_one_out = list(bcg = without), mixed = mixed, sparse = sparse, sparse_rates = sparse_rates, zero_levels = zero_levels,
  random_levels = random_levels, rate_levels = rate_levels, methods = methods,
  moderator = moderator, moderated = moderated, exact_moderated = exact_moderated,
  single = single), digits = 15, null = "null", na = "null"))
