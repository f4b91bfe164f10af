# Funnel plot asymmetry by metafor: regtest, ranktest, trimfill and fsn.
# Rscript asymmetry.R > asymmetry.json
suppressMessages({library(metafor); library(jsonlite)})
tight <- list(threshold = 1e-12, maxiter = 5000)
smoking <- dat.hackshaw1998
coaching <- dat.baskerville2012
adherence <- escalc(measure = "ZCOR", ri = ri, ni = ni, data = dat.molloy2014)
infections <- escalc(measure = "OR", ai = xt, n1i = nt, ci = xc, n2i = nc, data = dat.damico2009)
data <- list(hackshaw1998 = list(y = smoking$yi, v = smoking$vi, n = smoking$cases),
             baskerville2012 = list(y = coaching$smd, v = coaching$se^2, n = coaching$pperf),
             molloy2014 = list(y = c(adherence$yi), v = adherence$vi, n = adherence$ni),
             damico2009 = list(y = c(infections$yi), v = infections$vi, n = infections$nt + infections$nc))
predictors <- c(se = "sei", variance = "vi", n = "ni", "1/n" = "ninv", "sqrt n" = "sqrtni", "1/sqrt n" = "sqrtninv")
out <- list(software = paste(R.version.string, "metafor", packageVersion("metafor")), data = list())
for (name in names(data)) {
  d <- data[[name]]
  d$n[is.na(d$n)] <- 100
  d$n <- d$n + seq_along(d$n)
  found <- d
  fit <- function(method) rma(d$y, d$v, ni = d$n, method = method, control = tight)
  for (p in names(predictors)) {
    for (how in c("lm", "rma")) {
      r <- regtest(fit("REML"), model = how, predictor = predictors[[p]])
      found$egger[[paste(how, p)]] <- list(statistic = r$zval, p_value = r$pval, estimate = c(r$est),
                                           ci_low = c(r$ci.lb), ci_high = c(r$ci.ub))
    }
  }
  r <- ranktest(fit("EE"))
  found$rank <- list(tau = unname(r$tau), p_value = r$pval)
  for (method in c("EE", "DL", "REML")) for (e in c("L0", "R0", "Q0")) for (side in c("left", "right", "auto")) {
    a <- list(fit(method), estimator = e, control = tight)
    if (side != "auto") a$side <- side
    r <- try(suppressWarnings(do.call(trimfill, a)), silent = TRUE)
    if (inherits(r, "try-error")) next
    found$trimfill[[paste(method, e, side)]] <- list(side = r$side, k0 = r$k0, k0_se = r$se.k0, k0_p = r$p.k0,
      estimate = c(r$beta), se = r$se, tau2 = r$tau2, filled_y = I(r$yi[r$fill]), filled_v = I(r$vi[r$fill]))
  }
  for (type in c("Rosenthal", "Orwin", "Rosenberg")) {
    r <- fsn(d$y, d$v, type = type)
    found$fsn[[type]] <- list(number = r$fsnum, p_value = r$pval)
    r <- fsn(d$y, d$v, type = type, alpha = 0.001)
    found$strict[[type]] <- list(number = r$fsnum, p_value = r$pval)
  }
  r <- fsn(d$y, d$v, type = "Orwin", weighted = TRUE, target = mean(d$y) / 7)
  found$orwin_weighted <- list(number = r$fsnum, mean = r$meanes, target = r$target)
  out$data[[name]] <- found
}
cat(toJSON(out, auto_unbox = TRUE, digits = 15, null = "null", na = "null"), "\n")
