# Predictions of location-scale models, computed by R's metafor.
#
#   Rscript location_scale_predictions.R > location_scale_predictions.json
#
# Made with R 4.2.2, metafor 3.8-1, metadat 1.2-0, jsonlite 1.8.4 (Debian 12 packages): the trials of the BCG vaccine,
# log risk ratios on latitude, the heterogeneity on latitude as well. metafor's search is told to go on for longer.

suppressMessages({library(metafor); library(metadat); library(jsonlite)})

dat <- escalc(measure = "RR", ai = tpos, bi = tneg, ci = cpos, di = cneg, data = dat.bcg)
latitude <- c(20, 33, 50)
cases <- list()
for (method in c("ML", "REML")) for (test in c("z", "t")) {
  r <- rma(yi, vi, mods = ~ ablat, scale = ~ ablat, data = dat, method = method, test = test, control = list(optimizer = "BFGS", reltol = 1e-14, maxit = 10000))
  p <- predict(r, newmods = latitude, newscale = latitude)
  cases[[length(cases) + 1]] <- list(
    method = method, test = test, estimate = p$pred, se = p$se, ci_low = p$ci.lb, ci_high = p$ci.ub, pi_low = p$pi.lb, pi_high = p$pi.ub)
}
version <- function(package) as.character(packageVersion(package))
packages <- c("metafor", "metadat", "jsonlite")
source <- c(list(script = "location_scale_predictions.R", R = paste(R.version$major, R.version$minor, sep = ".")), setNames(lapply(packages, version), packages))
cat(toJSON(list(source = source, y = as.numeric(dat$yi), v = as.numeric(dat$vi), latitude = dat$ablat, new = latitude, predictions = cases),
  auto_unbox = TRUE, digits = I(15)), "\n")
