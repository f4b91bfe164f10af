# The authors' own programs for p-curves and p-uniform*, on the data of selective_reporting.R:
# `pcurve` of dmetar (repository MathiasHarrer/dmetar, R/pcurve2.R, commit 17a76a3), which holds the code of the p-curve
# app 4.052, and the likelihood `ml_star` of puniform (repository RobbievanAert/puniform, R/ml_star.R, commit 0f87f64)
# with the tests and limits as in its esest_nsig.R. DMETAR and PUNIFORM name the folders of the repositories.
# The binomial tests of the p-curve need a package (poibin) that is replaced by a stand-in; they are not used.
# DMETAR=... PUNIFORM=... Rscript selective_programs.R > selective_programs.json
suppressMessages({library(metafor); library(metadat); library(stringr); library(jsonlite)})
source(file.path(Sys.getenv("DMETAR"), "R", "pcurve2.R"))
source(file.path(Sys.getenv("PUNIFORM"), "R", "ml_star.R"))
ppoibin <- function(kk, pp) 0.5
round <- function(x, digits = 0) x # pcurve returns three decimals otherwise
pdf(NULL)

curve_of <- function(y, v) {
  if (sum(2 * pnorm(-abs(y / sqrt(v))) < .05) < 3) return(NULL)
  capture.output(r <- pcurve(data.frame(TE = y, seTE = sqrt(v), studlab = seq_along(y))))
  t <- r$pcurveResults
  list(k = r$kAnalyzed, half = r[["kp0.25"]], skew = t[1, "zFull"], skew_half = t[1, "zHalf"], skew_p = t[1, "pFull"],
       skew_half_p = t[1, "pHalf"], flat = t[2, "zFull"], flat_half = t[2, "zHalf"], flat_p = t[2, "pFull"],
       flat_half_p = t[2, "pHalf"], power = r$Power$powerEstimate, power_low = r$Power$powerLower,
       power_high = r$Power$powerUpper, present = r$EvidencePresent == "yes")
}

star <- function(y, v) {
  sgn <- sign(as.numeric(rma(y, v, method = "EE")$beta)); y <- sgn * y
  cut <- qnorm(.975) * sqrt(v)
  at <- function(d, tau) ml_star(c(d, tau), y, v, cut)
  start <- c(mean(y), sd(y))
  best <- optim(start, function(p) at(p[1], abs(p[2])), control = list(reltol = 1e-14, maxit = 5000))
  best <- optim(best$par, function(p) at(p[1], abs(p[2])), control = list(reltol = 1e-15, maxit = 5000))
  other <- optimize(function(d) at(d, 0), c(-5, 5), tol = 1e-10)
  low <- min(best$value, other$objective)
  est <- if (other$objective <= best$value) c(other$minimum, 0) else c(best$par[1], abs(best$par[2]))
  over <- function(d) min(optimize(function(tau) at(d, tau), c(0, 3), tol = 1e-10)$objective, at(d, 0))
  far <- function(d) 2 * (over(d) - low) - qchisq(.95, 1)
  end <- function(away) tryCatch(uniroot(far, sort(c(est[1], est[1] + away)), tol = 1e-10)$root, error = function(e) NA)
  ends <- sgn * c(end(-4), end(3))
  list(estimate = sgn * est[1], tau2 = est[2]^2, loglik = -low, ci_low = ends[if (sgn > 0) 1 else 2],
       ci_high = ends[if (sgn > 0) 2 else 1], l0 = 2 * (over(0) - low), l_het = 2 * (other$objective - low),
       p_het = .5 * pchisq(2 * (other$objective - low), 1, lower.tail = FALSE))
}

sets <- list(raudenbush = dat.raudenbush1985[, c("yi", "vi")], hackshaw = dat.hackshaw1998[, c("yi", "vi")],
  bcg = escalc("RR", ai = tpos, bi = tneg, ci = cpos, di = cneg, data = dat.bcg)[, c("yi", "vi")],
  begg = dat.begg1989[, c("yi", "vi")], baskerville = data.frame(yi = dat.baskerville2012$smd, vi = dat.baskerville2012$se^2))
out <- lapply(sets, function(d) { y <- as.numeric(d$yi); v <- as.numeric(d$vi); list(curve = curve_of(y, v), star = star(y, v)) })
cat(toJSON(list(software = paste(R.version.string, "metafor", packageVersion("metafor")), data = out), digits = 15,
           auto_unbox = TRUE, na = "null", null = "null"), "\n")
