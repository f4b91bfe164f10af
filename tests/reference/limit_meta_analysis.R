# Limit meta-analyses by metasens (repository guido-s/metasens): its functions `limitmeta` (commit 5f3ac1c, as released
# from 1.0-1 on, which corrected the standard error of the adjusted effect) and `radialregression` (commit 24cba42).
# METASENS names the folder with R/limitmeta.R and R/radialregression.R. The package meta's `metagen` (the common-effect
# mean), `ci` and checks of arguments have stand-ins.
# METASENS=... Rscript limit_meta_analysis.R > limit_meta_analysis.json
suppressMessages({library(metafor); library(jsonlite)})
for (file in c("limitmeta.R", "radialregression.R")) { # which asks for its version, but need not be installed
  lines <- readLines(file.path(Sys.getenv("METASENS"), "R", file))
  eval(parse(text = sub("utils::packageDescription.*", "NA", lines)))
}
chkclass <- function(...) NULL
setchar <- function(x, ...) x
metagen <- function(TE, seTE, ...) list(TE = TE, seTE = seTE, TE.common = weighted.mean(TE, 1 / seTE^2),
                                        seTE.common = sqrt(1 / sum(1 / seTE^2)))
ci <- function(TE, seTE, level) list(lower = TE - qnorm(1 - (1 - level) / 2) * seTE,
                                     upper = TE + qnorm(1 - (1 - level) / 2) * seTE, statistic = TE / seTE,
                                     p = 2 * pnorm(-abs(TE / seTE)))
bcg <- escalc("RR", ai = tpos, bi = tneg, ci = cpos, di = cneg, data = dat.bcg)
data <- list(hackshaw1998 = list(y = c(dat.hackshaw1998$yi), v = dat.hackshaw1998$vi),
             baskerville2012 = list(y = dat.baskerville2012$smd, v = dat.baskerville2012$se^2),
             bcg = list(y = c(bcg$yi), v = c(bcg$vi)),
             dorn2007 = with(escalc("OR", ai = x.a, n1i = n.a, ci = x.p, n2i = n.p, data = dat.dorn2007),
                             list(y = c(yi), v = c(vi))))
out <- lapply(data, function(d) {
  fit <- rma(d$y, d$v, method = "REML", control = list(threshold = 1e-12, maxiter = 5000))
  x <- list(TE = d$y, seTE = sqrt(d$v), tau = sqrt(fit$tau2), w.random = 1 / (d$v + fit$tau2), k = length(d$y),
            Q = fit$QE, level.ma = 0.95)
  found <- lapply(c(`beta0` = "beta0", `beta-lim` = "betalim", `mu-lim` = "mulim"), function(method) {
    r <- limitmeta(x, method.adjust = method)
    list(estimate = r$TE.adjust, se = r$seTE.adjust, ci_low = r$lower.adjust, ci_high = r$upper.adjust,
         p_value = r$pval.adjust)
  })
  r <- limitmeta(x)
  c(d, list(methods = found, slope = unname(r$beta.r), bias = unname(r$alpha.r), limit_effects = r$TE.limit,
            g2 = 100 * r$G.squared, q = r$Q, q_small = r$Q.small, q_residual = r$Q.resid))
})
cat(toJSON(list(software = paste(R.version.string, "metafor", packageVersion("metafor")), data = out),
           auto_unbox = TRUE, digits = 15, null = "null", na = "null"), "\n")
