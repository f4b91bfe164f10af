# Reference values for multilevel models: variance components, predictions, limits by profile likelihood, and degrees of
# freedom by Satterthwaite and by Kenward and Roger.
#
#   Rscript multilevel.R > multilevel.json
#
# Made with R 4.2.2, metafor 3.8-1, metadat 1.2-0, lme4 1.1-31, lmerTest 3.1-3, pbkrtest 0.5.2, jsonlite 1.8.4 (Debian 12
# packages); the file repeats the versions. rma.mv stops at a relative change of 1e-12
# in the log-likelihood, or at the smallest that it reaches up to 1e-10. metafor has
# no Satterthwaite or Kenward-Roger tests, so those are lmer's, whose residual variance is our innermost level: the same
# model when the sampling variances are next to 0.

suppressMessages({library(metafor); library(metadat); library(lmerTest); library(pbkrtest); library(jsonlite)})
numbers <- function(x) unname(as.numeric(x))
rows <- function(m) unname(lapply(seq_len(nrow(m)), function(i) numbers(m[i, ])))
one <- function(x) unbox(as.numeric(x))
# The tightest tolerance of nlminb that a fit settles at.
mv <- function(...) {
  for (tolerance in c(1e-12, 1e-11, 1e-10)) {
    fit <- try(suppressWarnings(rma.mv(..., control = list(rel.tol = tolerance, iter.max = 500, eval.max = 1000))), silent = TRUE)
    if (!inherits(fit, "try-error")) return(fit)
  }
  stop(fit)
}

kon <- dat.konstantopoulos2011
kon <- data.frame(y = kon$yi, v = kon$vi, study = kon$district, effect = kon$school, year = kon$year - 1990)
bor <- escalc(measure = "OR", ai = waward, n1i = wtotal, ci = maward, n2i = mtotal, data = dat.bornmann2007)
bor <- data.frame(y = numbers(bor$yi), v = numbers(bor$vi), study = as.numeric(factor(bor$study, unique(bor$study))),
  effect = bor$obs, first = as.numeric(bor$type == "Fellowship"))
sets <- list(konstantopoulos2011 = kon, bornmann2007 = bor)
cases <- list(
  list(data = "konstantopoulos2011", x = character(), random = "nested"),
  list(data = "konstantopoulos2011", x = "year", random = "nested"),
  list(data = "konstantopoulos2011", x = character(), random = "crossed"),
  list(data = "konstantopoulos2011", x = character(), random = "nested", rho = 0.4),
  list(data = "bornmann2007", x = "first", random = "nested"))

i2_of <- function(fit) { # metafor's page on I2 for multilevel models
  W <- solve(fit$V); X <- model.matrix(fit)
  P <- W - W %*% X %*% solve(t(X) %*% W %*% X) %*% t(X) %*% W
  numbers(100 * fit$sigma2 / (sum(fit$sigma2) + (fit$k - fit$p) / sum(diag(P))))
}
covariance_of <- function(d, rho) {
  if (is.null(rho)) return(diag(d$v))
  V <- outer(d$study, d$study, "==") * rho * sqrt(outer(d$v, d$v)); diag(V) <- d$v; V
}
fit_of <- function(case, method, contained) {
  d <- sets[[case$data]]
  random <- if (case$random == "nested") ~ 1 | study/effect else list(~ 1 | study, ~ 1 | year)
  args <- list(d$y, covariance_of(d, case$rho), random = random, data = d, method = method,
    mods = if (length(case$x)) reformulate(case$x) else ~ 1)
  if (contained) args <- c(args, test = "t", dfs = "contain")
  do.call(mv, args)
}
coefficients_of <- function(fit) list(beta = numbers(fit$beta), se = numbers(fit$se), df = numbers(fit$ddf),
  p = numbers(fit$pval), ci_low = numbers(fit$ci.lb), ci_high = numbers(fit$ci.ub))
models <- unlist(lapply(cases, function(case) lapply(c("REML", "ML"), function(method) {
  z <- fit_of(case, method, FALSE)
  found <- list(data = unbox(case$data), x = case$x, random = unbox(case$random), method = unbox(method),
    rho = if (is.null(case$rho)) NULL else one(case$rho), z = coefficients_of(z),
    t = coefficients_of(fit_of(case, method, TRUE)), sigma2 = numbers(z$sigma2), n_levels = numbers(z$s.nlevels),
    q = one(z$QE), q_p = one(z$QEp), qm = one(z$QM), qm_p = one(z$QMp), i2 = i2_of(z),
    ML = numbers(fitstats(z)[, 1]), REML = numbers(z$fit.stats[, "REML"]))
  found$ML <- numbers(z$fit.stats[, "ML"])
  if (!length(case$x)) {
    predicted <- predict(z)
    found$prediction <- numbers(c(predicted$pi.lb, predicted$pi.ub))
  }
  found$deviations <- lapply(unname(ranef(z)), function(r) list(name = rownames(r), estimate = numbers(r$intrcpt),
    se = numbers(r$se)))
  found
})), recursive = FALSE)

limits <- lapply(1:2, function(at) {
  found <- confint(fit_of(cases[[1]], "REML", FALSE), sigma2 = at, control = list(tol = 1e-12))$random[1, ]
  list(level = one(at), low = one(found["ci.lb"]), high = one(found["ci.ub"]))
})
grid <- c(0, 0.01, 0.05, 0.1, 0.3)
heights <- sapply(grid, function(value) mv(kon$y, kon$v, random = ~ 1 | study/effect, data = kon,
  sigma2 = c(value, NA))$fit.stats["ll", "REML"])

lme <- data.frame(y = kon$y, study = factor(kon$study), year = kon$year)
fit <- lmer(y ~ year + (1 | study), lme, control = lmerControl(optCtrl = list(xtol_rel = 1e-14, ftol_abs = 1e-15)))
kr <- vcovAdj(fit)
small <- list(beta = numbers(fixef(fit)), satterthwaite_df = numbers(coef(summary(fit))[, "df"]),
  kenward_roger_df = numbers(coef(summary(fit, ddf = "Kenward-Roger"))[, "df"]),
  kenward_roger_covariance = rows(as.matrix(kr)), sigma2 = numbers(as.data.frame(VarCorr(fit))$vcov))
lme$square <- (lme$year / 10)^2
lme$effect <- kon$effect
small$joint <- lapply(list(c("year", "square"), c("year", "square", "effect")), function(terms) {
  fit <- lmer(reformulate(c(terms, "(1 | study)"), "y"), lme, control = lmerControl(optCtrl = list(xtol_rel = 1e-14,
    ftol_abs = 1e-15)))
  all_of <- cbind(0, diag(length(terms)))
  tests <- lapply(c(satterthwaite = "Satterthwaite", kenward_roger = "Kenward-Roger"), function(ddf) {
    found <- contest(fit, all_of, ddf = ddf)
    list(f = one(found[["F value"]]), df = one(found[["DenDF"]]), p = one(found[["Pr(>F)"]]))
  })
  c(list(terms = terms), tests)
})

versions <- lapply(c("metafor", "metadat", "lme4", "lmerTest", "pbkrtest"), function(p) unbox(paste(p, packageVersion(p))))
cat(toJSON(list(versions = c(list(unbox(paste("R", getRversion()))), versions), sets = lapply(sets, as.list),
  models = models, limits = limits, profile = list(sigma2 = grid, loglik = heights), degrees_of_freedom = small),
  digits = 15, null = "null", na = "null"))
