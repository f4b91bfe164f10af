# Reference values for inference with dependent effects: sandwich covariances, robumeta's working models, covariances
# from known correlations, aggregation, and what each cluster does to a multilevel fit.
#
#   Rscript dependent_effects.R > dependent_effects.json
#
# Made with R 4.2.2, metafor 3.8-1, metadat 1.2-0, clubSandwich 0.5.8, robumeta 2.0, jsonlite 1.8.4 (Debian 12
# packages); the file repeats the versions. Fits stop at 1e-12 (rma.uni: of tau2; rma.mv: of the log-likelihood).

suppressMessages({library(metafor); library(metadat); library(clubSandwich); library(robumeta); library(jsonlite)})
numbers <- function(x) unname(as.numeric(x))
rows <- function(m) unname(lapply(seq_len(nrow(m)), function(i) numbers(m[i, ])))
one <- function(x) unbox(x)

kon <- dat.konstantopoulos2011
kon <- data.frame(y = kon$yi, v = kon$vi, study = kon$district, esid = kon$school, year = kon$year - 1990)
kon$alone <- as.numeric(kon$study == 56)   # a moderator that one district alone tells of
ber <- data.frame(y = dat.berkey1998$yi, v = dat.berkey1998$vi, study = dat.berkey1998$trial, esid = 1:10,
  outcome = as.numeric(dat.berkey1998$outcome == "PD"))
data(SATcoaching, package = "clubSandwich")
sat <- subset(SATcoaching, !is.na(hrs))
sat <- data.frame(y = sat$d, v = sat$V, study = as.numeric(factor(sat$study, levels = unique(sat$study))),
  esid = seq_len(nrow(sat)), verbal = as.numeric(sat$test == "Verbal"), hours = log(sat$hrs), year = sat$year - 1975)
sets <- list(konstantopoulos2011 = kon, berkey1998 = ber, satcoaching = sat)
models <- list(
  list(data = "konstantopoulos2011", x = character()), list(data = "konstantopoulos2011", x = c("year", "alone")),
  list(data = "berkey1998", x = "outcome"), list(data = "satcoaching", x = c("verbal", "hours", "year")))
kinds <- c("CR0", "CR1", "CR1p", "CR1S", "CR2", "CR3")
every <- c("chi-sq", "Naive-F", "Naive-Fp", "HTA", "HTB", "HTZ", "EDF", "EDT")

# clubSandwich's saddlepoint_pval, whose uniroot() stops at a tolerance of 1.2e-4 on s.
saddlepoint_of <- function(t, P) {
  eig <- pmax(0, eigen(P, symmetric = TRUE, only.values = TRUE)$values)
  g <- c(1, -t^2 * eig / sum(eig))
  range <- if (t^2 < 1) c(1 / (2 * min(g)), 0) else c(0, 1 / (2 * max(g)))
  s <- uniroot(function(s) sum(g / (1 - 2 * g * s)), range, tol = 1e-15)$root
  if (abs(s) <= .01) return(.5 - sum(g^3) / (3 * sqrt(pi) * sum(g^2)^1.5))
  r <- sign(s) * sqrt(sum(log(1 - 2 * g * s)))
  q <- s * sqrt(2 * sum(g^2 / (1 - 2 * g * s)^2))
  1 - pnorm(r) - dnorm(r) * (1 / r - 1 / q)
}
tests_of <- function(fit, cluster) {
  p <- fit$p
  constraints <- if (p > 1) diag(p)[-1, , drop = FALSE] else diag(1)
  found <- lapply(kinds, function(kind) tryCatch({
    vcr <- vcovCR(fit, cluster = cluster, type = kind)
    t <- coef_test(fit, vcr, test = "Satterthwaite")
    P <- clubSandwich:::get_P_array(clubSandwich:::get_GH(fit, vcr))
    w <- Wald_test(fit, constraints = constraints, vcov = vcr, test = every)
    list(kind = one(kind), covariance = rows(unclass(vcr)), df = numbers(t$df_Satt), p = numbers(t$p_Satt),
      p_saddlepoint = sapply(seq_len(p), function(i) saddlepoint_of(t$tstat[i], P[, , i])), wald = lapply(seq_len(nrow(w)), function(i) list(method = one(w$test[i]),
        statistic = one(w$Fstat[i]), df_denom = one(w$df_denom[i]), p = one(w$p_val[i]))))
  }, error = function(e) NULL))
  Filter(Negate(is.null), found)
}
robusts_of <- function(fit, cluster) {
  one_of <- function(r) list(se = numbers(r$se), df = numbers(if (is.null(r$dfs)) r$ddf else r$dfs),
    p = numbers(r$pval), ci_low = numbers(r$ci.lb), ci_high = numbers(r$ci.ub), qm = one(r$QM), qm_p = one(r$QMp))
  list(metafor = one_of(robust(fit, cluster = cluster)), clubsandwich = one_of(robust(fit, cluster = cluster, clubSandwich = TRUE)))
}
formula_of <- function(x) if (length(x)) reformulate(x) else ~ 1
control <- list(threshold = 1e-12, maxiter = 5000, tol = 1e-13)

univariate <- list()
for (m in models) for (weights in list(NULL, "ramp")) {
  d <- sets[[m$data]]
  w <- if (is.null(weights)) NULL else seq_len(nrow(d)) / nrow(d)
  asked <- list(d$y, d$v, mods = formula_of(m$x), data = d, control = control)
  if (!is.null(w)) asked$weights <- w
  fit <- suppressWarnings(do.call(rma.uni, asked))
  univariate[[length(univariate) + 1]] <- list(data = one(m$data), moderators = m$x, weights = w,
    kinds = tests_of(fit, d$study), robust = if (is.null(w)) robusts_of(fit, d$study))
}

fit_levels <- function(V, mods, d, random = ~ 1 | study / esid, tolerances = c(1e-12, 1e-11, 1e-10)) {
  if (is.null(mods)) mods <- ~ 1
  for (tol in tolerances) {
    asked <- list(d$y, V, mods = mods, random = random, data = d,
      control = list(rel.tol = tol, iter.max = 1000, eval.max = 1000))
    fit <- tryCatch(suppressWarnings(do.call(rma.mv, asked)), error = function(e) NULL)
    if (!is.null(fit)) return(fit)
  }
  stop("no fit")
}
influence_of <- function(fit, d) {
  rs <- rstudent(fit, cluster = d$study)
  z <- rstandard(fit, cluster = d$study)
  list(clusters = as.character(sort(unique(d$study))),
    cooks = numbers(cooks.distance(fit, cluster = d$study)), dfbetas = rows(as.matrix(dfbetas(fit, cluster = d$study))),
    cooks_fixed = numbers(cooks.distance(fit, cluster = d$study, reestimate = FALSE)),
    dfbetas_fixed = rows(as.matrix(dfbetas(fit, cluster = d$study, reestimate = FALSE))),
    rstudent_fixed = numbers(rstudent(fit, cluster = d$study, reestimate = FALSE)$obs$z),
    rstudent = numbers(rs$obs$z), rstudent_se = numbers(rs$obs$se), chi_square_deleted = numbers(rs$cluster$X2),
    rstandard = numbers(z$obs$z), rstandard_se = numbers(z$obs$se), chi_square = numbers(z$cluster$X2),
    baujat = baujat_of(fit, d), hat = numbers(hatvalues(fit)), weights = numbers(weights(fit, type = if (fit$int.only) "rowsum" else "diagonal")),
    left_out = lapply(sort(unique(d$study)), function(s) {
      keep <- d$study != s
      f <- tryCatch(fit_levels(attr(d, "V")[keep, keep], fit$formula.mods, d[keep, ]), error = function(e) NULL)
      if (is.null(f)) NULL else list(beta = numbers(f$beta), se = numbers(f$se), sigma2 = numbers(f$sigma2), q = one(f$QE))
    }))
}
# Coordinates of a Baujat plot with clusters in place of studies, variance components kept.
baujat_of <- function(fit, d) {
  M <- fit$M; e <- as.numeric(resid(fit)); X <- fit$X; W <- solve(M)
  found <- lapply(sort(unique(d$study)), function(s) {
    own <- d$study == s; A <- W[!own, !own]; Xo <- X[!own, , drop = FALSE]
    vb <- solve(t(Xo) %*% A %*% Xo); b <- vb %*% t(Xo) %*% A %*% d$y[!own]
    Xi <- X[own, , drop = FALSE]
    c(t(e[own]) %*% solve(M[own, own]) %*% e[own], mean((Xi %*% (fit$beta - b))^2 / diag(Xi %*% vb %*% t(Xi))))
  })
  list(x = sapply(found, `[`, 1), y = sapply(found, `[`, 2))
}
# A univariate model, as rma.mv has it, with clusters left out.
clustered <- lapply(list(character(), "year"), function(x) {
  fit <- fit_levels(kon$v, formula_of(x), cbind(kon, row = seq_len(nrow(kon))), ~ 1 | row, 1e-10)
  rs <- rstudent(fit, cluster = kon$study)
  ids <- sort(unique(kon$study))
  list(moderators = x, clusters = as.character(ids), cooks = numbers(cooks.distance(fit, cluster = kon$study)),
    dfbetas = rows(as.matrix(dfbetas(fit, cluster = kon$study))), rstudent = numbers(rs$obs$z),
    chi_square_deleted = numbers(rs$cluster$X2), left_out = lapply(ids, function(s) {
      f <- rma.uni(y, v, mods = formula_of(x), data = kon[kon$study != s, ], control = control)
      list(beta = numbers(f$beta), se = numbers(f$se), tau2 = one(f$tau2))
    }))
})
# An orchard plot of SAT coaching: both tests, hours of coaching held at their mean.

orchards <- lapply(list(mean = NULL, test = c("verbal", "hours")), function(x) {
  fit <- rma.uni(y, v, mods = formula_of(x), data = sat, test = "t", control = control)
  p <- if (is.null(x)) predict(fit) else predict(fit, newmods = rbind(c(0, mean(sat$hours)), c(1, mean(sat$hours))))
  list(trunk = numbers(p$pred), branch_low = numbers(p$ci.lb), branch_high = numbers(p$ci.ub), twig_low = numbers(p$pi.lb),
    twig_high = numbers(p$pi.ub))
})

multilevel <- list()
for (m in models) for (rho in list(NULL, .6)) {
  d <- sets[[m$data]]
  V <- if (is.null(rho)) diag(d$v) else vcalc(v, cluster = study, obs = esid, rho = rho, data = d)
  attr(d, "V") <- V
  fit <- fit_levels(V, formula_of(m$x), d)
  multilevel[[length(multilevel) + 1]] <- list(data = one(m$data), moderators = m$x, rho = one(rho),
    beta = numbers(fit$beta), sigma2 = numbers(fit$sigma2), kinds = tests_of(fit, d$study), robust = robusts_of(fit, d$study),
    influence = if (length(m$x) < 2) influence_of(fit, d))
}

# Correlated and hierarchical effects: the three-level fit with CR2, by the assumed correlation of the errors.
workflows <- list()
for (m in models[c(1, 3)]) for (rho in c(0, .2, .6, .8)) {
  d <- sets[[m$data]]
  V <- if (rho == 0) diag(d$v) else vcalc(v, cluster = study, obs = esid, rho = rho, data = d)
  fit <- fit_levels(V, formula_of(m$x), d)
  r <- robust(fit, cluster = d$study, clubSandwich = TRUE)
  workflows[[length(workflows) + 1]] <- list(data = one(m$data), moderators = m$x, rho = one(rho), beta = numbers(r$beta),
    se = numbers(r$se), df = numbers(r$ddf), p = numbers(r$pval), sigma2 = numbers(fit$sigma2))
}

robu_models <- list()
for (m in models) for (model in c("CORR", "HIER")) for (small in c(TRUE, FALSE)) for (rho in c(0, .8)) {
  if (model == "HIER" && rho == 0) next
  d <- sets[[m$data]]
  f <- if (length(m$x)) reformulate(m$x, "y") else y ~ 1
  r <- suppressWarnings(robu(f, data = d, studynum = study, var.eff.size = v, modelweights = model, rho = rho, small = small))
  t <- r$reg_table
  robu_models[[length(robu_models) + 1]] <- list(data = one(m$data), moderators = m$x, working = one(model),
    small = one(small), rho = one(rho), beta = numbers(t$b.r), se = numbers(t$SE), df = numbers(t$dfs),
    p = numbers(t$prob), ci_low = numbers(t$CI.L), ci_high = numbers(t$CI.U), tau2 = one(numbers(r$mod_info$tau.sq)),
    omega2 = if (model == "HIER") one(numbers(r$mod_info$omega.sq)), i2 = if (model == "CORR") one(numbers(r$mod_info$I.2)))
}

aggregates <- list()
for (name in names(sets)) {
  d <- escalc(yi = y, vi = v, data = sets[[name]])
  V <- vcalc(vi, cluster = study, obs = esid, rho = .3, data = d)
  time <- sets[[name]]$esid
  for (weighted in c(TRUE, FALSE)) aggregates[[length(aggregates) + 1]] <- list(data = one(name), weighted = one(weighted),
    CS = with(aggregate(d, cluster = study, rho = .6, weighted = weighted), list(y = numbers(yi), v = numbers(vi))),
    ID = with(aggregate(d, cluster = study, struct = "ID", weighted = weighted), list(y = numbers(yi), v = numbers(vi))),
    given = with(aggregate(d, cluster = study, V = V, weighted = weighted), list(y = numbers(yi), v = numbers(vi))))
}

# Working covariances: two studies, several outcomes, time points and treatment arms that share a control group.
known <- data.frame(study = c(1, 1, 1, 1, 2, 2, 2, 2, 2), v = c(.05, .04, .06, .03, .02, .05, .04, .07, .01),
  type = c("anxiety", "anxiety", "mood", "mood", "anxiety", "anxiety", "mood", "mood", "mood"),
  obs = c(1, 2, 1, 2, 1, 2, 1, 2, 3), time = c(0, 1, 0, 1, 0, 3, 0, 3, 6),
  grp1 = c("a", "b", "a", "b", "c", "d", "c", "d", "e"), grp2 = c("p", "p", "p", "p", "q", "q", "q", "q", "c"),
  w1 = c(20, 25, 20, 25, 30, 31, 30, 31, 12), w2 = c(22, 22, 22, 22, 40, 40, 40, 40, 30))
between <- matrix(c(1, .45, .45, 1), 2, dimnames = list(c("anxiety", "mood"), c("anxiety", "mood")))
covariances <- list(
  obs = vcalc(v, cluster = study, obs = obs, rho = .6, data = known),
  type = vcalc(v, cluster = study, type = type, rho = .4, data = known),
  type_obs = vcalc(v, cluster = study, type = type, obs = obs, rho = c(.7, .4), data = known),
  type_matrix = vcalc(v, cluster = study, type = type, obs = obs, rho = list(.7, between), data = known),
  time = vcalc(v, cluster = study, time1 = time, phi = .8, data = known),
  type_time = vcalc(v, cluster = study, type = type, time1 = time, rho = .4, phi = .8, data = known, checkpd = FALSE),
  arms = vcalc(v, cluster = study, grp1 = grp1, grp2 = grp2, w1 = w1, w2 = w2, data = known, checkpd = FALSE),
  arms_type = vcalc(v, cluster = study, type = type, rho = .4, grp1 = grp1, grp2 = grp2, w1 = w1, w2 = w2, data = known),
  arms_time = vcalc(v, cluster = study, obs = obs, rho = .5, time1 = time, time2 = time + 1, phi = .9, grp1 = grp1, grp2 = grp2,
    data = known),
  subgroup = vcalc(v, cluster = study, subgroup = grp1, obs = type, rho = .5, data = known))
bad <- suppressWarnings(vcalc(c(.02, .03, .04), cluster = c(1, 1, 1), type = c("a", "b", "c"), nearpd = TRUE,
  rho = matrix(c(1, .9, .9, .9, 1, -.9, .9, -.9, 1), 3, dimnames = list(letters[1:3], letters[1:3]))))

crit <- dat.craft2003
complete <- names(which(tapply(is.na(crit$ri), crit$study, sum) == 0))[1:3]
crit <- crit[crit$study %in% complete, ]
crit$ni <- crit$ni + seq_len(nrow(crit)) %% 4   # sizes that differ within a study, as with pairwise deletion
crit$study <- as.character(crit$study)
by_form <- function(rtoz, nfun) {
  r <- rcalc(ri ~ var1 + var2 | study, ni = ni, data = crit, rtoz = rtoz, nfun = nfun)
  list(rtoz = one(rtoz), sample = one(nfun), y = numbers(r$dat$yi), v = rows(as.matrix(r$V)), study = as.character(r$dat$study),
    pair = as.character(r$dat$var1.var2))
}
correlations <- list(
  long = list(study = crit$study, var1 = as.character(crit$var1), var2 = as.character(crit$var2), r = crit$ri, n = crit$ni),
  results = list(by_form(FALSE, "min"), by_form(TRUE, "min"), by_form(TRUE, "harmonic"), by_form(TRUE, "mean")))

cat(toJSON(list(
  versions = list(R = one(as.character(getRversion())), metafor = one(as.character(packageVersion("metafor"))),
    clubSandwich = one(as.character(packageVersion("clubSandwich"))), robumeta = one(as.character(packageVersion("robumeta")))),
  sets = sets, univariate = univariate, clustered = clustered, orchards = orchards, multilevel = multilevel, workflows = workflows, robu = robu_models, aggregates = aggregates,
  known = known, covariances = lapply(covariances, rows), nearest = rows(bad), correlations = correlations),
  digits = NA, na = "null", null = "null"))
cat("\n")
