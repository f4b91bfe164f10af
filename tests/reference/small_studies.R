# Effects adjusted for small-study effects, and tests: PET-PEESE by lm(); Henmi and Copas, and excess significance by
# metafor.
# Rscript small_studies.R > small_studies.json
suppressMessages({library(metafor); library(jsonlite)})
bcg <- escalc("RR", ai = tpos, bi = tneg, ci = cpos, di = cneg, data = dat.bcg)
data <- list(hackshaw1998 = list(y = c(dat.hackshaw1998$yi), v = dat.hackshaw1998$vi),
             baskerville2012 = list(y = dat.baskerville2012$smd, v = dat.baskerville2012$se^2),
             bcg = list(y = c(bcg$yi), v = c(bcg$vi)),
             dorn2007 = with(escalc("OR", ai = x.a, n1i = n.a, ci = x.p, n2i = n.p, data = dat.dorn2007),
                             list(y = c(yi), v = c(vi))))
regression <- function(d, x) {
  fit <- lm(d$y ~ x, weights = 1 / d$v)
  row <- summary(fit)$coefficients[1, ]
  limits <- confint(fit)[1, ]
  list(estimate = row[[1]], se = row[[2]], statistic = row[[3]], p_value = row[[4]], ci_low = limits[[1]],
       ci_high = limits[[2]])
}
excess <- function(d, method, alternative, side, test) {
  fit <- rma(d$y, d$v, method = method, control = if (method == "REML") list(threshold = 1e-12, maxiter = 5000) else list())
  r <- tes(fit, alternative = alternative, tes.alternative = side, test = test, progbar = FALSE, rel.tol = 1e-12)
  list(observed = r$O, expected = r$E, power = r$power, x2 = r$X2, p_value = r$pval, limit = as.list(r$theta.lim))
}
out <- list(software = paste(R.version.string, "metafor", packageVersion("metafor")), data = list())
for (name in names(data)) {
  d <- data[[name]]
  found <- d
  found$pet <- regression(d, sqrt(d$v))
  found$peese <- regression(d, d$v)
  h <- hc(rma(d$y, d$v, method = "DL"), control = list(tol = 1e-12))
  found$henmi_copas <- list(estimate = c(h$beta), se = c(h$se), ci_low = c(h$ci.lb), ci_high = c(h$ci.ub), tau2 = h$tau2)
  for (method in c("EE", "REML")) for (alternative in c("two.sided", "greater", "less")) {
    found$excess[[paste(method, alternative, "greater chi2")]] <- excess(d, method, alternative, "greater", "chi2")
  }
  for (side in c("two.sided", "less")) for (test in c("chi2", "binom")) {
    found$excess[[paste("REML two.sided", side, test)]] <- excess(d, "REML", "two.sided", side, test)
  }
  if (length(d$y) <= 16) for (side in c("greater", "two.sided", "less")) {
    found$excess[[paste("EE two.sided", side, "exact")]] <- excess(d, "EE", "two.sided", side, "exact")
  }
  out$data[[name]] <- found
}
cat(toJSON(out, auto_unbox = TRUE, digits = 15, null = "null", na = "null"), "\n")
