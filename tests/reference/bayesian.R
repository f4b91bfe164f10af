# Reference values for Bayesian random-effects models, from their definition.
#
#   Rscript bayesian.R > bayesian.json
#
# Made with R 4.2.2, metafor 3.8-1, metadat 1.2-0, jsonlite 1.8.4 (Debian 12 packages). No package of Debian has these
# models, so that they are written out here: the likelihood of tau is that of a multivariate normal distribution (for a
# flat mu by Bayes' theorem at a fixed mu), every posterior quantity an integral over tau by integrate() with a relative
# tolerance of 1e-12, quantiles and shortest intervals roots by uniroot(). Values that bayesmeta and metaBMA print are
# in tests/meta/bayes, with their addresses.

suppressMessages({library(metafor); library(metadat); library(jsonlite)})

bcg <- escalc(measure = "RR", ai = tpos, bi = tneg, ci = cpos, di = cneg, data = dat.bcg)
normand <- escalc(measure = "SMD", m1i = m1i, sd1i = sd1i, n1i = n1i, m2i = m2i, sd2i = sd2i, n2i = n2i, data = dat.normand1999)
sets <- list(
  bcg = list(y = as.numeric(bcg$yi), v = as.numeric(bcg$vi), mu = c(0, 1), scale = 0.5),
  normand = list(y = as.numeric(normand$yi), v = as.numeric(normand$vi), mu = c(0, 2), scale = 0.3),
  schools = list(y = c(28.39, 7.94, -2.75, 6.82, -0.64, 0.63, 18.01, 12.16), v = c(14.9, 10.2, 16.3, 11, 9.4, 11.4, 10.4, 17.6)^2, mu = c(0, 50), scale = 25),
  two = list(y = c(-0.4, 0.3), v = c(0.04, 0.09), mu = c(0, 1), scale = 0.5),
  one = list(y = 0.3, v = 0.04, mu = c(0, 1), scale = 0.5),
  equal = list(y = c(0.1, 0.2, 0.3, 0.6), v = rep(0.02, 4), mu = c(0.5, 0.3), scale = 0.2),
  dominated = list(y = c(0.12, 0.5, -0.3, 0.9), v = c(1e-5, 0.2, 0.3, 0.1), mu = c(0, 1), scale = 0.5),
  tiny = list(y = c(2e-5, -1e-5, 4e-5, 3e-5), v = c(1e-10, 2e-10, 3e-10, 2e-10), mu = c(0, 5e-5), scale = 2e-5))

priors <- function(s, v) list(
  HalfNormal = list(d = function(t) 2 * dnorm(t, 0, s), args = list(s), proper = TRUE, p = function(t) 2 * pnorm(t, 0, s) - 1, fall = Inf),
  HalfCauchy = list(d = function(t) 2 * dcauchy(t, 0, s), args = list(s), proper = TRUE, p = function(t) 2 * pcauchy(t, 0, s) - 1, fall = 2),
  HalfT = list(d = function(t) 2 * dt(t / s, 4) / s, args = list(s, 4), proper = TRUE, p = function(t) 2 * pt(t / s, 4) - 1, fall = 5),
  Exponential = list(d = function(t) dexp(t, 1 / s), args = list(s), proper = TRUE, p = function(t) pexp(t, 1 / s), fall = Inf),
  LogNormal = list(d = function(t) dlnorm(t, log(s), 0.9), args = list(log(s), 0.9), proper = TRUE, p = function(t) plnorm(t, log(s), 0.9), fall = Inf),
  InverseGamma = list(d = function(t) ifelse(t > 0, dgamma(1 / t, 2, s) / t^2, 0), args = list(2, s), proper = TRUE, p = function(t) pgamma(1 / t, 2, s, lower.tail = FALSE), fall = 3),
  Uniform = list(d = function(t) dunif(t, 0, 4 * s), args = list(4 * s), proper = TRUE, p = function(t) punif(t, 0, 4 * s), fall = Inf, end = 4 * s),
  Flat = list(d = function(t) rep(1, length(t)), args = list(), proper = FALSE, fall = 0),
  Jeffreys = list(d = function(t) sqrt(colSums((outer(rep(1, length(v)), t) / outer(v, t^2, "+"))^2)), args = list(v), proper = FALSE, fall = 1))

given <- function(set, mu, tau) {
  # Rows: log likelihood, mean and standard deviation of mu; a column a tau. mu: c(mean, sd), NULL (flat) or 0 (mu = 0).
  # p(y | tau) = p(y | mu, tau) p(mu) / p(mu | y, tau), at mu = y[1].
  y <- set$y; sd <- sqrt(outer(set$v, tau^2, "+"))
  log_density <- function(m) colSums(matrix(dnorm(y, m, sd, log = TRUE), length(y)))
  if (identical(mu, 0)) return(rbind(log_density(0), 0, 0))
  normal <- !is.null(mu)
  p <- colSums(1 / sd^2) + (if (normal) 1 / mu[2]^2 else 0)
  m <- (colSums(y / sd^2) + (if (normal) mu[1] / mu[2]^2 else 0)) / p
  rbind(log_density(y[1]) + (if (normal) dnorm(y[1], mu[1], mu[2], log = TRUE) else 0) - dnorm(y[1], m, sqrt(1 / p), log = TRUE), m, sqrt(1 / p))
}

posterior <- function(set, prior, mu) {
  rough <- c(set$scale, sqrt(range(set$v)))
  top <- max(given(set, mu, exp(seq(log(min(rough)) - 4, log(max(rough)) + 4, length.out = 400)))[1, ])
  kernel <- function(t) prior$d(t) * exp(given(set, mu, t)[1, ] - top)
  end <- if (is.null(prior$end)) Inf else prior$end
  cuts <- sort(unique(c(0, min(rough) * c(.3, 2), max(rough) * c(.1, .3, 1, 3, 10, 100))))
  cuts <- c(cuts[cuts < end], end)
  integral <- function(g, from = 0, to = Inf) {
    b <- c(from, cuts[cuts > from & cuts < to], min(to, end))
    sum(mapply(function(a, b) integrate(g, a, b, rel.tol = 1e-12, abs.tol = 1e-290, subdivisions = 2000, stop.on.error = FALSE)$value, head(b, -1), tail(b, -1)))
  }
  z <- integral(kernel)
  list(log_constant = log(z) + top, d = function(t) kernel(t) / z, expect = function(g) integral(function(t) g(t) * kernel(t)) / z,
       p = function(t) integral(kernel, 0, t) / z, given = function(t) given(set, mu, t), scale = max(rough), end = end)
}

solve_up <- function(f, low, high) uniroot(f, c(low, high), tol = 1e-14 * max(abs(c(low, high)), 1e-300), maxiter = 1000)$root
quantile_of <- function(p, cdf, low, high) solve_up(function(x) cdf(x) - p, low, high)

summaries <- function(d, cdf, moments, low, high, lowest) {
  q <- sapply(c(.025, .5, .975), quantile_of, cdf, low, high)
  q95 <- quantile_of(.95, cdf, low, high)
  if (is.finite(lowest) && isTRUE(d(lowest) >= d(q95))) shortest <- c(lowest, q95)
  else {
    upper <- function(a) quantile_of(min(cdf(a) + .95, 1 - 1e-13), cdf, a, high)
    a <- solve_up(function(a) d(a) - d(upper(a)), max(quantile_of(1e-7, cdf, low, high), lowest), quantile_of(.0499, cdf, low, high))
    shortest <- c(a, upper(a))
  }
  c(list(median = q[2], central = q[c(1, 3)], shortest = shortest, at = q, cdf = c(.025, .5, .975), density = sapply(q, d)), moments)
}

mixture <- function(post, mean_sd, exists) {
  d <- function(x) post$expect(function(t) {m <- mean_sd(t); dnorm(x, m[1, ], m[2, ])})
  p <- function(x) post$expect(function(t) {m <- mean_sd(t); pnorm(x, m[1, ], m[2, ])})
  moments <- list(mean = NA, sd = NA)
  if (exists > 0) moments$mean <- post$expect(function(t) mean_sd(t)[1, ])
  if (exists > 1) moments$sd <- sqrt(post$expect(function(t) {m <- mean_sd(t); m[2, ]^2 + (m[1, ] - moments$mean)^2}))
  middle <- mean_sd(post$scale)[, 1]
  reach <- 1; while (p(middle[1] - reach * middle[2]) > 1e-8 || p(middle[1] + reach * middle[2]) < 1 - 1e-8) { reach <- 2 * reach; if (reach > 1e9) break }
  summaries(d, p, moments, middle[1] - reach * middle[2], middle[1] + reach * middle[2], -Inf)
}

analyse <- function(name, kind, flat, parts) {
  set <- sets[[name]]; prior <- priors(set$scale, set$v)[[kind]]; mu <- if (flat) NULL else set$mu
  fall <- prior$fall + length(set$y) - flat
  if (fall <= 1) return(NULL)
  post <- posterior(set, prior, mu)
  moments <- if (fall > 3) 2 else if (fall > 2) 1 else 0
  out <- list(data = name, prior = kind, args = prior$args, flat = flat, log_constant = post$log_constant)
  high <- if (is.finite(post$end)) post$end else { h <- post$scale; while (post$p(h) < 1 - 1e-8) { h <- 2 * h; if (h > 1e9 * post$scale) break }; h }
  of_tau <- list(mean = if (moments > 0) post$expect(function(t) t) else NA, sd = NA)
  if (moments > 1) of_tau$sd <- sqrt(post$expect(function(t) (t - of_tau$mean)^2))
  out$tau <- summaries(post$d, post$p, of_tau, 0, high, 0)
  top <- optimize(post$d, c(0, out$tau$at[3]), maximum = TRUE, tol = 1e-10 * out$tau$at[3])$maximum
  out$tau$mode <- if (isTRUE(post$d(0) >= post$d(top))) 0 else top
  if ("mu" %in% parts) out$mu <- mixture(post, function(t) post$given(t)[2:3, , drop = FALSE], if (flat) moments else 2)
  if ("predicted" %in% parts) out$predicted <- mixture(post, function(t) {g <- post$given(t); rbind(g[2, ], sqrt(g[3, ]^2 + t^2))}, moments)
  if ("effect" %in% parts) out$effect <- mixture(post, function(t) {
    g <- post$given(t); b <- set$v[1] / (set$v[1] + t^2)
    rbind(set$y[1] + b * (g[2, ] - set$y[1]), sqrt(b * t^2 + b^2 * g[3, ]^2))}, 2)
  if (!flat) out$log_bf_effect <- post$log_constant - posterior(set, prior, 0)$log_constant
  if (prior$proper) out$log_bf_heterogeneity <- post$log_constant - given(set, mu, 0)[1, 1]
  out
}

models <- list()
everything <- c("mu", "predicted", "effect")
add <- function(...) models[[length(models) + 1]] <<- analyse(...)
for (kind in names(priors(1, 1))) { add("schools", kind, FALSE, character(0)); add("bcg", kind, TRUE, "mu") }
for (name in names(sets)) for (flat in c(FALSE, TRUE)) add(name, "HalfNormal", flat, if (flat) "mu" else everything)
for (name in c("normand", "two", "one", "dominated", "tiny")) add(name, "HalfCauchy", FALSE, "predicted")
for (name in c("normand", "equal", "tiny")) add(name, "HalfT", TRUE, c("mu", "predicted"))

averages <- lapply(c("bcg", "schools", "two", "equal", "tiny"), function(name) {
  set <- sets[[name]]; prior <- priors(set$scale, set$v)$HalfNormal; mu <- set$mu
  random <- posterior(set, prior, mu); null <- posterior(set, prior, 0)
  log_marginal <- c(given(set, 0, 0)[1, 1], given(set, mu, 0)[1, 1], null$log_constant, random$log_constant)
  chances <- c(.4, .3, .2, .1)
  of <- function(chances) {w <- chances * exp(log_marginal - max(log_marginal)); w / sum(w)}
  w <- of(chances); odds <- function(set) sum(w[set]) / sum(w[-set]) / (sum(chances[set]) / sum(chances[-set]))
  fixed <- given(set, mu, 0)[, 1]; share <- w[c(2, 4)] / sum(w[c(2, 4)])
  mean_sd <- function(t) random$given(t)[2:3, , drop = FALSE]
  m <- share[1] * fixed[2] + share[2] * random$expect(function(t) mean_sd(t)[1, ])
  s <- sqrt(share[1] * (fixed[3]^2 + (fixed[2] - m)^2) + share[2] * random$expect(function(t) {g <- mean_sd(t); g[2, ]^2 + (g[1, ] - m)^2}))
  d <- function(x) share[1] * dnorm(x, fixed[2], fixed[3]) + share[2] * random$expect(function(t) {g <- mean_sd(t); dnorm(x, g[1, ], g[2, ])})
  p <- function(x) share[1] * pnorm(x, fixed[2], fixed[3]) + share[2] * random$expect(function(t) {g <- mean_sd(t); pnorm(x, g[1, ], g[2, ])})
  any <- sum(w[c(2, 4)])
  tail <- function(q) {
    low <- any * p(0)
    if (q >= low && q <= low + 1 - any) return(0)
    quantile_of((if (q < low) q else q - (1 - any)) / any, p, m - 30 * s, m + 30 * s)
  }
  list(data = name, args = list(set$scale), prior_probabilities = chances, log_marginal = log_marginal, posterior = w,
       effect_bf = odds(c(2, 4)), heterogeneity_bf = odds(c(3, 4)), mu = summaries(d, p, list(mean = m, sd = s), m - 30 * s, m + 30 * s, -Inf),
       averaged_mean = any * m, averaged_sd = sqrt(any * (s^2 + m^2) - (any * m)^2), averaged_interval = c(tail(.025), tail(.975)),
       tau_mean = sum(w[3:4] / sum(w[3:4]) * c(null$expect(function(t) t), random$expect(function(t) t))))
})

at <- c(0, 1e-3, 0.1, 0.4, 0.9, 1.7, 6)
of_priors <- lapply(names(priors(1, 1)), function(kind) {
  prior <- priors(0.5, c(0.04, 0.2))[[kind]]
  list(prior = kind, args = prior$args, at = at, density = prior$d(at), cdf = if (prior$proper) prior$p(at))
})

cat(toJSON(list(
  engine = list(R = as.character(getRversion()), metafor = as.character(packageVersion("metafor")), metadat = as.character(packageVersion("metadat"))),
  data = lapply(sets, function(s) s[c("y", "v", "mu")]), models = models, averages = averages, priors = of_priors), digits = 15, auto_unbox = TRUE, na = "null", null = "null"))
