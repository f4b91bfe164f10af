# Averages of adequately powered studies (lm), corrected means for a selection ratio (robumeta; closed form and uniroot
# for the S-values) p-curves (pchisq, uniroot) and p-uniform* (optimize on a grid) and endogenous kinks (lm), each written out from its definition.
# Rscript selective_reporting.R > selective_reporting.json
suppressMessages({library(metafor); library(metadat); library(robumeta); library(jsonlite)})

waap <- function(y, v) {
  f <- summary(lm(y ~ 1, weights = 1 / v))$coefficients
  ok <- sqrt(v) <= abs(f[1]) / 2.8
  g <- if (sum(ok) >= 2) summary(lm(y[ok] ~ 1, weights = 1 / v[ok]))$coefficients else f
  list(uwls = f[1], uwls_se = f[2], adequate = sum(ok), estimate = g[1], se = g[2], p = g[4])
}

sensitivity <- function(y, v, eta) {
  naive <- rma(y, v, method = "REML", control = list(threshold = 1e-12, maxiter = 1000))
  sgn <- sign(as.numeric(naive$beta))
  a <- 2 * pnorm(-abs(y / sqrt(v))) < .05 & sgn * y > 0
  cap <- function(e) {
    w <- ifelse(a, 1, e)
    d <- data.frame(y = y, v = v, s = seq_along(y), w = w / (v + naive$tau2))
    r <- suppressWarnings(robu(y ~ 1, studynum = s, data = d, userweights = w, var.eff.size = v, small = FALSE))$reg_table
    c(r$b.r, r$SE)
  }
  fixed <- function(e) {
    nN <- sum(1 / v[!a]); nA <- sum(1 / v[a]); yN <- sum((y / v)[!a]); yA <- sum((y / v)[a])
    c((e * yN + yA) / (e * nN + nA), sqrt(e^2 * nN + nA) / (e * nN + nA), -yA / yN)
  }
  f <- fixed(eta); r <- cap(eta)
  common <- as.numeric(rma(y, v, method = "EE")$beta)
  sf <- sign(common)
  af <- 2 * pnorm(-abs(y / sqrt(v))) < .05 & sf * y > 0
  worst <- if (any(!af)) as.numeric(rma(y[!af], v[!af], method = "EE")$beta) else NA
  q <- if (any(!af)) (3 * worst + common) / 4 else 0
  ratio <- function(g) if (g(1) <= 0) 1 else if (g(1e8) > 0) NA else uniroot(g, c(1, 1e8), tol = 1e-12)$root
  list(affirmative = sum(a), same_side = sf == sgn, fixed = f[1], fixed_se = f[2], robust = r[1], robust_se = r[2],
       worst_fixed = worst, q = q, s_fixed = ratio(function(e) sf * (fixed(e)[1] - q)),
       s_fixed_limit = ratio(function(e) sf * (fixed(e)[1] - q) - qnorm(.975) * fixed(e)[2]),
       s_robust = ratio(function(e) sgn * (cap(e)[1] - q)),
       s_robust_limit = ratio(function(e) sgn * (cap(e)[1] - q) - qt(.975, length(y) - 1) * cap(e)[2]))
}

curve_of <- function(y, v) {
  x <- y^2 / v
  tiny <- 2.2e-16
  bound <- function(u) pmin(pmax(u, tiny), 1 - tiny)
  p <- bound(pchisq(x, 1, lower.tail = FALSE))
  ncp <- function(power) if (power <= .05) 0 else
    uniroot(function(n) pchisq(qchisq(.95, 1), 1, n, lower.tail = FALSE) - power, c(0, 100), tol = 1e-13)$root
  stouffer <- function(pp) if (length(pp)) sum(qnorm(bound(pp))) / sqrt(length(pp)) else NA
  at <- function(power, alpha) {
    # upper tails by pnorm: pchisq with a noncentrality has about twelve digits after the point, too few far out
    d <- sqrt(ncp(power)); s <- sqrt(x[p < alpha])
    tail <- function(z) pnorm(z - d, lower.tail = FALSE) + pnorm(-z - d)
    -stouffer(tail(s) / tail(qnorm(1 - alpha / 2)))
  }
  full <- function(power) at(power, .05)
  level <- function(z) if (full(.05) <= z) .05 else if (full(.99) >= z) .99 else
    uniroot(function(power) full(power) - z, c(.05, .99), tol = 1e-12)$root
  list(k = sum(p < .05), half = sum(p < .025), skew = stouffer(p[p < .05] / .05), skew_half = stouffer(p[p < .025] / .025),
       flat = at(1 / 3, .05), flat_half = at(1 / 3, .025),
       power = level(0), power_low = level(qnorm(.95)), power_high = level(qnorm(.05)))
}

star <- function(y, v) {
  sgn <- sign(as.numeric(rma(y, v, method = "EE")$beta)); y <- sgn * y
  cut <- qnorm(.975) * sqrt(v)
  ll <- function(m, t) sum(dnorm(y, m, sqrt(v + t^2), log = TRUE) -
    ifelse(y > cut, pnorm(cut, m, sqrt(v + t^2), lower.tail = FALSE, log.p = TRUE), pnorm(cut, m, sqrt(v + t^2), log.p = TRUE)))
  over <- function(m) { # the best of tau = 0 and of twelve intervals of tau
    b <- c(0, exp(seq(log(.01), log(20), length.out = 12)))
    best <- c(ll(m, 0), 0)
    for (i in 1:12) { o <- optimize(function(t) ll(m, t), b[i + 0:1], maximum = TRUE, tol = 1e-10)
      if (o$objective > best[1] + 1e-10) best <- c(o$objective, o$maximum) }
    best
  }
  grid <- seq(min(y) - 1, max(y) + 1, length.out = 60)
  top <- which.max(sapply(grid, function(m) over(m)[1]))
  o <- optimize(function(m) over(m)[1], grid[top + c(-1, 1)], maximum = TRUE, tol = 1e-10)
  drop <- function(m) 2 * (o$objective - over(m)[1]) - qchisq(.95, 1)
  end <- function(far) if (drop(far) <= 0) NA else uniroot(drop, sort(c(o$maximum, far)), tol = 1e-10)$root
  common <- optimize(function(m) ll(m, 0), range(y), maximum = TRUE, tol = 1e-10)$objective
  ends <- sgn * c(end(min(y) - 5), end(max(y) + 5))
  list(k = sum(y > cut), estimate = sgn * o$maximum, tau2 = over(o$maximum)[2]^2, loglik = o$objective,
       ci_low = ends[if (sgn > 0) 1 else 2], ci_high = ends[if (sgn > 0) 2 else 1],
       lrt = 2 * (o$objective - over(0)[1]), lrt_tau2 = 2 * (o$objective - common))
}

kinked <- function(y, v) { # the authors' Stata program, where e(df_m) is 2
  sgn <- sign(as.numeric(rma(y, v, method = "EE")$beta)); y <- sgn * y; s <- sqrt(v); k <- length(y)
  first <- summary(lm(y ~ s, weights = 1 / v))
  m <- if (abs(first$coefficients[1, 3]) > qt(.975, k - 2)) lm(y ~ v, weights = 1 / v) else lm(y ~ s, weights = 1 / v)
  h <- sqrt(max(0, k * (deviance(m) / (k - 3) - 1) / sum(1 / v))); b <- unname(coef(m)[1])
  a <- if (b > 1.96 * h) (b - 1.96 * h) * (b + 1.96 * h) / (2 * 1.96 * b) else 0
  x <- if (a < min(s)) s else pmax(s - a, 0)
  f <- summary(if (a < max(s)) lm(y ~ x, weights = 1 / v) else lm(y ~ 1, weights = 1 / v))$coefficients
  list(kink = a, sd = h, estimate = sgn * f[1, 1], se = f[1, 2], bias = if (nrow(f) > 1) sgn * f[2, 1] else NA)
}

sets <- list(raudenbush = dat.raudenbush1985[, c("yi", "vi")], hackshaw = dat.hackshaw1998[, c("yi", "vi")],
  bcg = escalc("RR", ai = tpos, bi = tneg, ci = cpos, di = cneg, data = dat.bcg)[, c("yi", "vi")],
  begg = dat.begg1989[, c("yi", "vi")], baskerville = data.frame(yi = dat.baskerville2012$smd, vi = dat.baskerville2012$se^2))
out <- lapply(sets, function(d) { y <- as.numeric(d$yi); v <- as.numeric(d$vi)
  list(y = y, v = v, waap = waap(y, v), sensitivity = sensitivity(y, v, 3), curve = curve_of(y, v), star = star(y, v), kink = kinked(y, v)) })
cat(toJSON(list(data = out), digits = 15, auto_unbox = TRUE, na = "null"), "\n")
