# Reference values for leave-one-out, GOSH and the bootstrap, computed by R's metafor.
#
#   Rscript metafor_resampling.R > metafor_resampling.json
#
# Made with R 4.2.2, metafor 3.8-1, metadat 1.2-0, jsonlite 1.8.4 (Debian 12 packages). metafor stops at an absolute
# change of tau2, so iterated fits here have threshold 1e-12 in place of 1e-5. The bootstrap's draws are R's own (rows
# from 0, and effects), so that the fits to them can be compared one by one. gosh() sorts its subsets by size, and has a
# short cut for DL that does not cut H2 at 1, which rma() does.

suppressMessages({library(metafor); library(metadat); library(jsonlite)})

control <- list(threshold = 1e-12, maxiter = 10000, tol = 1e-13)
bcg <- escalc(measure = "RR", ai = tpos, bi = tneg, ci = cpos, di = cneg, data = dat.bcg)
sets <- list(
  bcg = data.frame(yi = as.numeric(bcg$yi), vi = as.numeric(bcg$vi), x = bcg$ablat),
  less_than_chance = data.frame(yi = c(.1, .12, .09, .15, .11), vi = c(.04, .02, .05, .03, .06), x = c(1, 2, 4, 3, 7)),
  outlier = data.frame(yi = c(.1, .2, .15, .05, 2.5, .12), vi = c(.02, .03, .01, .04, .05, .02), x = c(1, 1, 2, 2, 3, 3)),
  two = data.frame(yi = c(.1, .8), vi = c(.04, .05), x = c(0, 1)))
fits <- list(c("EE", "z"), c("DL", "z"), c("REML", "knha"), c("ML", "t"), c("PM", "adhoc"))
rma_uni <- function(d, method, test, ...)
  suppressWarnings(rma.uni(d$yi, d$vi, method = method, test = test, control = control, ...))

leave_one_out <- list()
for (name in names(sets)) for (fit in fits) {
  if (nrow(sets[[name]]) < 3) next
  r <- suppressWarnings(leave1out(rma_uni(sets[[name]], fit[1], fit[2])))
  leave_one_out[[length(leave_one_out) + 1]] <- list(data = name, estimator = fit[1], test = fit[2],
    estimate = r$estimate, se = r$se, statistic = if (fit[2] == "z") r$zval else r$tval, p_value = r$pval, ci_low = r$ci.lb, ci_high = r$ci.ub,
    q = r$Q, q_p = r$Qp, tau2 = if (is.null(r$tau2)) rep(0, nrow(sets[[name]])) else as.numeric(r$tau2), i2 = r$I2, h2 = r$H2)
}

subsets <- list()
for (name in c("less_than_chance", "outlier", "two")) for (fit in fits) for (moderated in c(FALSE, TRUE)) {
  d <- sets[[name]]
  if (moderated && (name != "less_than_chance" || fit[1] == "ML")) next
  r <- if (moderated) rma_uni(d, fit[1], fit[2], mods = d$x) else rma_uni(d, fit[1], fit[2])
  g <- suppressWarnings(gosh(r, subsets = 1e5, progbar = FALSE))$res
  subsets[[length(subsets) + 1]] <- list(data = name, estimator = fit[1], test = fit[2], moderated = moderated,
    k = g$k, q = g$QE, i2 = g$I2, h2 = g$H2, tau2 = g$tau2, beta = unname(as.matrix(g[, -(1:5), drop = FALSE])))
}

set.seed(20240607)
replicates <- list()
for (name in c("bcg", "outlier")) for (moderated in c(FALSE, TRUE)) for (kind in c("studies", "parametric")) {
  d <- sets[[name]]
  if (moderated && name == "outlier") next
  r <- if (moderated) rma_uni(d, "REML", "knha", mods = d$x) else rma_uni(d, "REML", "knha")
  rows <- t(replicate(12, sample(nrow(d), replace = TRUE)))
  effects <- t(replicate(12, rnorm(nrow(d), fitted(r), sqrt(r$tau2 + d$vi))))
  refits <- lapply(1:12, function(i) {
    e <- if (kind == "studies") d[rows[i, ], ] else transform(d, yi = effects[i, ])
    if (moderated) rma_uni(e, "REML", "knha", mods = e$x) else rma_uni(e, "REML", "knha")
  })
  replicates[[length(replicates) + 1]] <- list(data = name, kind = kind, moderated = moderated,
    draws = if (kind == "studies") rows - 1 else effects,
    beta = do.call(rbind, lapply(refits, function(f) as.numeric(f$beta))), tau2 = sapply(refits, function(f) f$tau2),
    i2 = sapply(refits, function(f) f$I2))
}

cat(toJSON(list(
  source = list(R = paste(R.version$major, R.version$minor, sep = "."), metafor = as.character(packageVersion("metafor"))),
  data = sets, leave_one_out = leave_one_out, gosh = subsets, bootstrap = replicates),
  digits = I(15), auto_unbox = TRUE, dataframe = "columns", na = "null"))
