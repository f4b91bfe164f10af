# Reference values for the diagnostics of toolkit.meta, computed by R's metafor.
#
#   Rscript metafor_diagnostics.R > metafor_diagnostics.json
#
# Made with R 4.2.2, metafor 3.8-1, metadat 1.2-0, jsonlite 1.8.4 (Debian 12 packages); the file repeats the versions.
# metafor stops at an absolute change of tau2, so iterated fits here have threshold 1e-12 in place of 1e-5.

suppressMessages({library(metafor); library(metadat); library(jsonlite)})
pdf(NULL)
control <- list(threshold = 1e-12, maxiter = 5000, tol = 1e-13)

bcg <- escalc(measure = "OR", ai = tpos, bi = tneg, ci = cpos, di = cneg, data = dat.bcg)
gibson <- escalc(measure = "SMD", m1i = m1i, sd1i = sd1i, n1i = n1i, m2i = m2i, sd2i = sd2i, n2i = n2i, data = dat.gibson2002)
gibson <- gibson[!is.na(gibson$yi), ]
sets <- list(
  bcg = list(y = as.numeric(bcg$yi), v = as.numeric(bcg$vi)),
  gibson2002 = list(y = as.numeric(gibson$yi), v = as.numeric(gibson$vi)),
  outlier = list(y = c(.1, .2, .15, .12, .18, 3), v = c(.02, .03, .025, .04, .02, .03)),
  no_heterogeneity = list(y = c(.1, .12, .09, .15, .11), v = c(.04, .02, .05, .03, .06)),
  one_dominates = list(y = c(.1, .5, .4, .7), v = c(1e-6, .05, .04, .09)),
  two_studies = list(y = c(-.4, .9), v = c(.02, .05)))
models <- list(
  list(name = "mean", tau2 = "EE", test = "z"), list(name = "mean", tau2 = "DL", test = "t"),
  list(name = "mean", tau2 = "REML", test = "z"), list(name = "mean", tau2 = "REML", test = "knha"),
  list(name = "mean", tau2 = "ML", test = "adhoc"), list(name = "mean", tau2 = "PM", test = "knha"))
# A year as it stands (1948) costs the normal equations of rma.uni half of their digits; ours are solved by QR.
ablat <- dat.bcg$ablat; year <- dat.bcg$year - 1965
designs <- list(
  two_moderators = cbind(ablat, year),
  one_study_alone = cbind(ablat, first = c(1, rep(0, 12))))  # without its first study the second slope is gone

diagnose <- function(r, profile) {
  i <- suppressWarnings(influence(r))
  # rma.uni refuses an unfittable deletion and metafor leaves NA; baujat() likewise.
  b <- suppressWarnings(baujat(r))
  predicted <- if (is.null(r$weights)) lapply(list(effects = blup(r), deviations = ranef(r)), function(b)
    list(estimate = b$pred, se = b$se, ci_low = b$pi.lb, ci_high = b$pi.ub))
  found <- list(
    blup = predicted,
    influence = c(unclass(i$inf)[c("rstudent", "dffits", "cook.d", "cov.r", "tau2.del", "QE.del", "hat", "weight")],
      list(dfbs = unname(unclass(i$dfbs)[seq_len(r$p)]), is_influential = i$is.infl)),
    baujat = list(x = b$x, y = b$y),
    residuals = list(fitted = as.numeric(fitted(r)), residual = as.numeric(resid(r)), se = rstandard(r)$se,
      standardised = rstandard(r)$z, pearson = as.numeric(residuals(r, type = "pearson")),
      cholesky = as.numeric(residuals(r, type = "cholesky"))))
  if (profile && r$method != "EE") {
    grid <- r$tau2 * c(0, .5, 1, 2) + c(0, .01, 0, .1)
    found$profile <- list(tau2 = grid, loglik = sapply(grid, function(t) as.numeric(logLik(update(r, tau2 = t)))))
  }
  found
}

cases <- list()
add <- function(...) cases[[length(cases) + 1]] <<- list(...)
for (data in names(sets)) for (m in models) {
  y <- sets[[data]]$y; v <- sets[[data]]$v
  r <- suppressWarnings(rma.uni(y, v, method = m$tau2, test = m$test, control = control))
  cumulate <- function(order) {
    c <- suppressWarnings(if (is.null(order)) cumul(r) else do.call(cumul, list(r, order = order)))
    tau2 <- if (is.null(c$tau2)) rep(0, length(y)) else c$tau2
    list(estimate = c$estimate, se = c$se, statistic = if (is.null(c$zval)) c$tval else c$zval, p_value = c$pvals,
      ci_low = c$ci.lb, ci_high = c$ci.ub, q = c$Q, q_p = c$Qp, tau2 = tau2, i2 = c$I2, h2 = c$H2)
  }
  radial_points <- radial(r); centred <- radial(r, center = TRUE)
  add(data = data, tau2 = m$tau2, test = m$test, diagnostics = diagnose(r, TRUE),
    cumulative = list(as_given = cumulate(NULL), by_variance = cumulate(v)),
    radial = list(x = radial_points$x, y = radial_points$y, centred = centred$y))
}
own <- c(1, 2, 5, 1, 3, 2, 4, 1, 1, 2, 3, 1, 2)
weighted <- rma.uni(bcg$yi, bcg$vi, weights = own, method = "REML", test = "knha", control = control)
add(data = "bcg", tau2 = "REML", test = "knha", weights = own, diagnostics = diagnose(weighted, FALSE))
for (d in names(designs)) for (m in list(c("REML", "z"), c("REML", "knha"), c("DL", "t"), c("EE", "z"))) {
  r <- rma.uni(bcg$yi, bcg$vi, mods = designs[[d]], method = m[1], test = m[2], control = control)
  add(data = "bcg", design = d, tau2 = m[1], test = m[2], diagnostics = diagnose(r, FALSE))
}

# The limits that funnel() draws: its calls of lines() are caught, (left, right) from the widest level to the narrowest.
funnel_limits <- function(...) {
  caught <- list()
  seen <- new.env(parent = asNamespace("metafor"))
  seen$lines <- function(x, y, ...) caught[[length(caught) + 1]] <<- list(x = range(x), se = range(y))
  f <- getFromNamespace("funnel.rma", "metafor")
  environment(f) <- seen
  f(...)
  caught
}
r <- rma.uni(bcg$yi, bcg$vi, method = "REML", test = "z", control = control)
draw <- function(...) funnel_limits(r, level = c(90, 95, 99), shade = c("white", "gray", "black"), ...)
funnels <- list(pooled = draw(), zero = draw(refline = 0), with_tau2 = draw(addtau2 = TRUE))

labbes <- list()
zeros <- list(ai = c(0, 0, 1, 0, 5), bi = c(100, 80, 150, 60, 6), ci = c(0, 1, 0, 2, 3), di = c(100, 79, 151, 58, 4))
for (measure in c("OR", "RR", "RD", "AS")) {
  e <- escalc(measure = measure, ai = ai, bi = bi, ci = ci, di = di, data = as.data.frame(zeros))
  found <- suppressWarnings(labbe(rma(measure = measure, ai = ai, bi = bi, ci = ci, di = di, data = as.data.frame(zeros))))
  labbes[[length(labbes) + 1]] <- list(measure = measure, events_1 = zeros$ai, total_1 = zeros$ai + zeros$bi,
    events_2 = zeros$ci, total_2 = zeros$ci + zeros$di, x = found$x, y = found$y)
}
d <- dat.nielweise2008
for (measure in c("IRR", "IRD", "IRSD")) {
  found <- suppressWarnings(labbe(rma(measure = measure, x1i = x1i, t1i = t1i, x2i = x2i, t2i = t2i, data = d)))
  labbes[[length(labbes) + 1]] <- list(measure = measure, events_1 = d$x1i, time_1 = d$t1i, events_2 = d$x2i,
    time_2 = d$t2i, x = found$x, y = found$y)
}

version <- function(package) as.character(packageVersion(package))
source <- list(script = "metafor_diagnostics.R", R = paste(R.version$major, R.version$minor, sep = "."),
  metafor = version("metafor"), metadat = version("metadat"), jsonlite = version("jsonlite"))
cat(toJSON(list(source = source, sets = sets, designs = lapply(designs, function(d) list(names = colnames(d), columns = d)),
  cases = cases, funnels = funnels, labbe = labbes), auto_unbox = TRUE, digits = I(13), na = "null", null = "null"), "\n")
