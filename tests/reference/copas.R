# The selection model of Copas and Shi by metasens (repository guido-s/metasens): its functions `copas` (as of commit
# 1b97851, the same computation as in 0.5) and `copas.loglik.with.beta`, `copas.loglik.without.beta`,
# `copas.gradient.without.beta` (commit 63b072a). METASENS names the folder with R/copas.R and R/copas-internal.R.
# Of the package meta the first calls `metagen` (the common-effect mean) and `metabias` (Egger's intercept) alone.
# METASENS=... Rscript copas.R > copas.json
suppressMessages({library(metafor); library(jsonlite)})
for (file in c("copas.R", "copas-internal.R")) source(file.path(Sys.getenv("METASENS"), "R", file))
metagen <- function(TE, seTE) list(TE.fixed = weighted.mean(TE, 1 / seTE^2))
packageDescription <- function(...) list(Version = NA) # the package need not be installed
metabias <- function(x, ...) list(estimate = coef(lm(x$TE ~ x$seTE, weights = 1 / x$seTE^2))[2])
odds <- function(a, n1, c, n2) { d <- escalc("OR", ai = a, n1i = n1, ci = c, n2i = n2); list(y = c(d$yi), v = c(d$vi)) }
# Fleiss (1993, Stat Methods Med Res 2:121), aspirin after myocardial infarction: the example of metasens.
fleiss <- data.frame(ai = c(49, 44, 102, 32, 85, 246, 1570), n1i = c(615, 758, 832, 317, 810, 2267, 8587),
                     ci = c(67, 64, 126, 38, 52, 219, 1720), n2i = c(624, 771, 850, 309, 406, 2257, 8600))
bcg <- escalc("RR", ai = tpos, bi = tneg, ci = cpos, di = cneg, data = dat.bcg)
data <- list(fleiss1993 = with(fleiss, odds(ai, n1i, ci, n2i)),
             bcg = list(y = c(bcg$yi), v = c(bcg$vi)),
             hackshaw1998 = list(y = c(dat.hackshaw1998$yi), v = dat.hackshaw1998$vi),
             egger2001 = with(dat.egger2001, odds(ai, n1i, ci, n2i)),
             dorn2007 = with(dat.dorn2007, odds(x.a, n.a, x.p, n.p)))
out <- list(software = paste(R.version.string, "metafor", packageVersion("metafor"), "metadat",
                             packageVersion("metadat")), data = list())
for (name in names(data)) {
  d <- data[[name]]
  start <- rma(d$y, d$v, method = "DL")
  x <- structure(list(TE = d$y, seTE = sqrt(d$v), TE.random = c(start$beta), seTE.random = start$se,
                      tau = sqrt(start$tau2)), class = "meta")
  r <- copas(x)
  passed <- which(r$pval.rsb > 0.1)
  out$data[[name]] <- c(d, list(
    left = r$left, gamma0_range = r$gamma0.range, gamma1_range = r$gamma1.range, slope = r$slope,
    grid_gamma0 = r$gamma0, grid_gamma1 = r$gamma1, grid_estimate = r$TE.contour,
    gamma0 = c(10, r$x.slope * diff(r$gamma0.range) + r$gamma0.range[1]),
    gamma1 = c(0, r$y.slope * diff(r$gamma1.range) + r$gamma1.range[1]), probability = r$publprob, estimate = r$TE.slope,
    se = r$seTE.slope, rho = r$rho.slope, tau = r$tau.slope, negative_loglik = r$loglik1,
    negative_loglik_beta = r$loglik2, residual_p = r$pval.rsb, unpublished = r$N.unpubl,
    adjusted = if (length(passed)) passed[1] - 1 else NULL))
}
cat(toJSON(out, auto_unbox = TRUE, digits = 15, null = "null", na = "null"), "\n")
