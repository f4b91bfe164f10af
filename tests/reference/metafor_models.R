# Reference values for meta-regression, subgroups, location-scale models, model comparison, further estimators and
# weights of the user's own, computed by R's metafor.
#
#   Rscript metafor_models.R > metafor_models.json
#
# Made with R 4.2.2, metafor 3.8-1, metadat 1.2-0, jsonlite 1.8.4 (Debian 12 packages). metafor stops at an absolute
# change of tau2, so iterated fits here have threshold 1e-12 in place of 1e-5. Moderators that are years are counted
# from 1950: metafor solves normal equations, which lose half of the digits where a column is near 1950 everywhere.

suppressMessages({library(metafor); library(metadat); library(jsonlite)})

control <- list(threshold = 1e-12, maxiter = 10000, tol = 1e-13)
rma_uni <- function(...) { # the call itself, so that rma.uni finds the columns of its data
  call <- match.call(); call[[1]] <- quote(rma.uni); call$control <- control
  suppressWarnings(eval(call, parent.frame()))
}

bcg <- escalc(measure = "OR", ai = tpos, bi = tneg, ci = cpos, di = cneg, data = dat.bcg)
bcg$since <- bcg$year - 1950
bangert <- dat.bangertdrowns2004
seven <- bangert[complete.cases(bangert[c("length", "wic", "feedback", "info", "pers", "imag", "meta")]), ]
bangert <- bangert[complete.cases(bangert[c("length", "wic", "feedback", "info")]), ]
six <- data.frame(yi = c(.1, .35, .2, .64, .6, .9), vi = c(.03, .02, .05, .04, .06, .03), x = 1:6, g = c("a", "a", "b", "b", "c", "c"))
null <- data.frame(yi = c(.1, .12, .09, .15, .11, .13), vi = c(.04, .02, .05, .03, .06, .02), x = c(3, 1, 4, 1, 5, 9), g = c("a", "b"))
sets <- list(bcg = bcg, raudenbush = dat.raudenbush1985, bangert = bangert, six = six, no_heterogeneity = null)

numbers <- function(x) as.numeric(x)
one <- function(r) list(
  test = r$test, df = if (is.na(r$ddf)) NULL else r$ddf, estimate = I(numbers(r$beta)), se = I(r$se), statistic = I(r$zval),
  p_value = I(r$pval), ci_low = I(r$ci.lb), ci_high = I(r$ci.ub), tau2 = r$tau2, tau2_se = if (is.na(r$se.tau2)) NULL else r$se.tau2,
  i2 = r$I2, h2 = r$H2, q = r$QE, q_p = r$QEp, loglik = r$fit.stats["ll", if (r$method == "REML") "REML" else "ML"],
  aicc = r$fit.stats["AICc", if (r$method == "REML") "REML" else "ML"])

# --- further estimators, and weights of the user's own ----------------------------------------------------------------

variants <- list()
for (name in names(sets)) for (method in c("SJIT", "DLIT", "PMM", "GENQ")) for (test in c("z", "knha")) {
  d <- sets[[name]]
  r <- try(if (method == "GENQ") rma_uni(yi, vi, weights = 1 / sqrt(vi), method = method, test = test, data = d)
    else rma_uni(yi, vi, method = method, test = test, data = d), silent = TRUE)
  if (!inherits(r, "try-error")) variants[[length(variants) + 1]] <- c(list(data = name, estimator = method), one(r))
}
weighted <- list()
for (name in names(sets)) for (method in c("EE", "DL", "REML")) for (kind in c("equal", "inverse", "rank")) for (test in c("z", "knha")) {
  d <- sets[[name]]
  if (method == "EE" && test == "knha") next
  w <- switch(kind, equal = rep(1, nrow(d)), inverse = 1 / d$vi, rank = seq_len(nrow(d)))
  r <- rma_uni(yi, vi, weights = w, method = method, test = test, data = d)
  weighted[[length(weighted) + 1]] <- c(list(data = name, estimator = method, weights = kind), one(r))
}
known <- lapply(names(sets), function(name) c(list(data = name), one(rma_uni(yi, vi, tau2 = .1, test = "knha", data = sets[[name]]))))

intervals <- list()
for (name in names(sets)) for (method in c("DL", "REML")) {
  r <- rma_uni(yi, vi, method = method, test = "z", data = sets[[name]])
  limits <- function(type) { p <- predict(r, pi.type = type); c(p$pi.lb, p$pi.ub) }
  intervals[[length(intervals) + 1]] <- list(data = name, estimator = method, k_2 = limits("riley"), k_1 = limits("t"))
}

# --- regression -------------------------------------------------------------------------------------------------------

designs <- list(
  list(data = "bcg", formula = "ablat"), list(data = "bcg", formula = "ablat + since + alloc"), list(data = "bcg", formula = "0 + alloc"),
  list(data = "raudenbush", formula = "weeks + setting"), list(data = "bangert", formula = "length + wic + feedback + info"),
  list(data = "six", formula = "x"), list(data = "no_heterogeneity", formula = "x"))
regressions <- list()
for (design in designs) {
  d <- sets[[design$data]]; mods <- as.formula(paste("~", design$formula))
  for (method in c("EE", "DL", "HE", "HS", "HSk", "SJ", "ML", "REML", "EB", "PM")) for (test in c("z", "t", "knha", "adhoc")) {
    if (method == "EE" && test %in% c("knha", "adhoc")) next
    r <- rma_uni(yi, vi, mods = mods, method = method, test = test, data = d)
    out <- c(design, list(estimator = method), one(r), list(qm = r$QM, qm_df = I(r$QMdf), qm_p = r$QMp, r2 = r$R2))
    if (method == "REML" && test %in% c("z", "knha")) {
      p <- predict(r)
      out$predicted <- list(estimate = p$pred, se = p$se, ci_low = p$ci.lb, ci_high = p$ci.ub, pi_low = p$pi.lb, pi_high = p$pi.ub)
      b <- blup(r)
      out$blup <- list(estimate = b$pred, se = b$se, ci_low = b$pi.lb, ci_high = b$pi.ub)
      out$limits <- list(
        q_profile = numbers(confint(r, control = list(tol = 1e-13))$random["tau^2", ]),
        profile_likelihood = numbers(confint(r, type = "PL", control = list(tol = 1e-13))$random["tau^2", ]))
      if (r$int.incl) {
        groups <- split(seq_len(r$p)[-1], attr(model.matrix(mods, d), "assign")[-1])
        out$moderators <- lapply(unname(groups), function(columns) {
          a <- anova(r, btt = columns)
          v <- if (length(groups) > 1) vif(r, btt = list(columns))$vifs else 1
          list(statistic = a$QM, p_value = a$QMp, gvif = numbers(v))
        })
      }
    }
    regressions[[length(regressions) + 1]] <- out
  }
}
new <- rma_uni(yi, vi, mods = ~ ablat + alloc, data = bcg)
p <- predict(new, newmods = rbind(c(10, 0, 0), c(33.5, 1, 0), c(60, 0, 1)), level = 90)
new_rows <- list(ablat = c(10, 33.5, 60), alloc = c("alternate", "random", "systematic"),
  estimate = p$pred, se = p$se, ci_low = p$ci.lb, ci_high = p$ci.ub, pi_low = p$pi.lb, pi_high = p$pi.ub)

# --- comparison of models ---------------------------------------------------------------------------------------------

compared <- lapply(list(c("bcg", "ablat + since", "ablat"), c("bcg", "ablat + alloc", "1"), c("raudenbush", "weeks + setting", "setting")), function(case) {
  d <- sets[[case[1]]]
  full <- rma_uni(yi, vi, mods = as.formula(paste("~", case[2])), method = "ML", data = d)
  reduced <- rma_uni(yi, vi, mods = as.formula(paste("~", case[3])), method = "ML", data = d)
  a <- anova(full, reduced)
  list(data = case[1], full = case[2], reduced = case[3], statistic = a$LRT, df = a$parms.f - a$parms.r, p_value = a$pval)
})
moderators <- c("length", "wic", "feedback", "info")
subsets <- lapply(0:15, function(code) {
  chosen <- moderators[bitwAnd(code, c(1, 2, 4, 8)) > 0]
  r <- rma_uni(yi, vi, mods = as.formula(paste("~", paste(c("1", chosen), collapse = " + "))), method = "ML", test = "z", data = bangert)
  list(moderators = I(chosen), estimate = I(numbers(r$beta)), variance = I(r$se^2), loglik = r$fit.stats["ll", "ML"],
    AICc = r$fit.stats["AICc", "ML"], AIC = r$fit.stats["AIC", "ML"], BIC = r$fit.stats["BIC", "ML"])
})

# --- subgroups --------------------------------------------------------------------------------------------------------

subgroups <- list()
for (case in list(c("bcg", "alloc"), c("raudenbush", "setting"), c("six", "g"), c("no_heterogeneity", "g"))) for (method in c("EE", "DL", "REML")) {
  d <- sets[[case[1]]]; d$group <- d[[case[2]]]
  fits <- lapply(sort(unique(d$group)), function(level) rma_uni(yi, vi, method = method, test = "z", data = d[d$group == level, ]))
  between <- rma.uni(sapply(fits, coef), sapply(fits, function(r) r$se^2), method = "EE")
  common <- rma_uni(yi, vi, mods = ~ group, method = method, test = "z", data = d)
  at_common <- lapply(sort(unique(d$group)), function(level) rma_uni(yi, vi, tau2 = common$tau2, method = if (method == "EE") "EE" else "REML", test = "z", data = d[d$group == level, ]))
  subgroups[[length(subgroups) + 1]] <- list(data = case[1], group = case[2], estimator = method,
    levels = lapply(fits, one), q_between = between$QE, p_between = between$QEp,
    common = list(tau2 = common$tau2, qm = common$QM, qm_p = common$QMp, estimate = sapply(at_common, coef), se = sapply(at_common, function(r) r$se)))
}

# --- permutation tests (exact) ----------------------------------------------------------------------------------------

permutations <- list()
for (case in list(list("six", "x", "REML", "z"), list("six", "x", "DL", "knha"), list("six", "g", "REML", "z"), list("six", "1", "REML", "z"), list("six", "1", "DL", "knha"), list("no_heterogeneity", "g", "DL", "z"))) {
  d <- sets[[case[[1]]]]
  r <- rma_uni(yi, vi, mods = as.formula(paste("~", case[[2]])), method = case[[3]], test = case[[4]], data = d)
  p <- permutest(r, exact = TRUE, progbar = FALSE)
  permutations[[length(permutations) + 1]] <- list(data = case[[1]], formula = case[[2]], estimator = case[[3]], test = case[[4]],
    permutations = p$exact.iter, p_values = I(p$pval), omnibus_p = p$QMp)
}

# --- location-scale models --------------------------------------------------------------------------------------------

scales <- list()
for (case in list(c("bcg", "ablat", "1"), c("bcg", "ablat", "ablat"), c("bangert", "length", "wic"), c("bangert", "1", "length")))
  for (method in c("ML", "REML")) for (link in c("log", "identity")) for (test in c("z", "t")) {
    d <- sets[[case[1]]]
    r <- try(suppressWarnings(rma.uni(yi, vi, mods = as.formula(paste("~", case[3])), scale = as.formula(paste("~", case[2])), link = link,
      method = method, test = test, data = d, control = if (link == "log") list(optimizer = "BFGS", reltol = 1e-15, maxit = 1000) else list(optimizer = "constrOptim", reltol = 1e-14, outer.eps = 1e-10, mu = 1e-12))), silent = TRUE)
    if (inherits(r, "try-error") || (link == "identity" && min(r$tau2) < 1e-3)) next # the barrier method stops short of a bound
    scales[[length(scales) + 1]] <- list(data = case[1], scale = case[2], location = case[3], estimator = method, link = link, test = test,
      estimate = I(numbers(r$beta)), se = I(r$se), alpha = I(numbers(r$alpha)), alpha_se = I(r$se.alpha), alpha_p = I(r$pval.alpha),
      tau2 = r$tau2, qm = r$QM, qs = r$QS, qs_p = r$QSp, q = r$QE, loglik = r$fit.stats["ll", method], aicc = r$fit.stats["AICc", method])
  }

kept <- c("yi", "vi", "ablat", "since", "alloc", "weeks", "setting", "length", "wic", "feedback", "info", "pers", "imag", "meta", "x", "g")
columns <- lapply(c(sets, list(seven = seven)), function(d) as.list(d[intersect(kept, names(d))]))
columns <- lapply(columns, function(d) lapply(d, function(x) if (is.numeric(x)) as.numeric(x) else as.character(x)))
version <- function(package) as.character(packageVersion(package))
source <- list(script = "metafor_models.R", R = paste(R.version$major, R.version$minor, sep = "."),
  metafor = version("metafor"), metadat = version("metadat"), jsonlite = version("jsonlite"))
cat(toJSON(list(source = source, data = columns, variants = variants, weighted = weighted, known_tau2 = known, prediction_intervals = intervals, regressions = regressions,
  new_rows = new_rows, compared = compared, subsets = subsets, subgroups = subgroups, permutations = permutations, location_scale = scales),
  auto_unbox = TRUE, digits = I(15), na = "null", null = "null"), "\n")
