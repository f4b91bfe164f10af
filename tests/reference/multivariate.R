# Reference values for multivariate models: random effects of inner levels within outer units with a structure.
#
#   Rscript multivariate.R > multivariate.json
#
# Made with R 4.2.2, metafor 3.8-1, metadat 1.2-0, clubSandwich 0.5.8, jsonlite 1.8.4 (Debian 12 packages); the file
# repeats the versions. rma.mv stops at a relative change of 1e-12 in the log-likelihood, or at the smallest that it
# reaches up to 1e-10. Data: Berkey et al. 1998 with the covariances that come with it; Kalaian and Raudenbush 1996 with
# sampling correlations of 0.66; Ishak et al. 2007 at its first three and at all four times, with 0.4.

suppressMessages({library(metafor); library(metadat); library(clubSandwich); library(jsonlite)})
numbers <- function(x) unname(as.numeric(x))
rows <- function(m) unname(lapply(seq_len(nrow(m)), function(i) numbers(m[i, ])))
one <- function(x) unbox(as.numeric(x))
# The tightest tolerance of nlminb that a fit settles at.
mv <- function(...) {
  for (tolerance in c(1e-12, 1e-11, 1e-10)) {
    fit <- try(suppressWarnings(rma.mv(..., control = list(rel.tol = tolerance, iter.max = 1000, eval.max = 2000))), silent = TRUE)
    if (!inherits(fit, "try-error")) return(fit)
  }
  stop("no fit")
}
berkey <- with(dat.berkey1998, data.frame(y = yi, v = vi, outer = trial, inner = as.character(outcome), x = year - 1980))
kalaian <- with(dat.kalaian1996, data.frame(y = yi, v = vi, outer = as.numeric(factor(study, unique(study))),
  inner = as.character(outcome), x = hrs))
long <- reshape(dat.ishak2007, direction = "long", idvar = "study", v.names = c("yi", "vi"), timevar = "time",
  varying = list(c("y1i", "y2i", "y3i", "y4i"), c("v1i", "v2i", "v3i", "v4i")))
long <- long[order(match(long$study, dat.ishak2007$study), long$time), ]
long <- long[!is.na(long$yi), ]
ishak4 <- with(long, data.frame(y = yi, v = vi, outer = as.numeric(factor(study, unique(study))),
  inner = paste0("t", time), x = mbase))
sets <- list(berkey1998 = berkey, kalaian1996 = kalaian, ishak2007_three = ishak4[ishak4$inner != "t4", ],
  ishak2007_four = ishak4)
correlations <- list(kalaian1996 = 0.66, ishak2007_three = 0.4, ishak2007_four = 0.4)
covariance_of <- function(name) {
  d <- sets[[name]]
  if (name == "berkey1998") return(as.matrix(bldiag(lapply(split(dat.berkey1998[, c("v1i", "v2i")], d$outer), as.matrix))))
  V <- outer(d$outer, d$outer, "==") * correlations[[name]] * sqrt(outer(d$v, d$v)); diag(V) <- d$v; V
}
G_of <- function(fit) {
  m <- max(fit$g.nlevels[1], 1)
  tau2 <- rep(fit$tau2, length.out = m); R <- diag(m)
  R[lower.tri(R)] <- fit$rho; R[upper.tri(R)] <- t(R)[upper.tri(R)]
  sqrt(outer(tau2, tau2)) * R
}
# The same likelihood by optim over a Cholesky factor, written out, to see that nlminb has not stopped on its way.
higher <- function(fit) {
  d <- eval(fit$call$data); X <- model.matrix(fit); y <- as.numeric(fit$yi); V <- fit$V
  level <- as.integer(factor(fit$mf.g[[1]])); unit <- fit$mf.g[[2]]; m <- max(level)
  reml <- fit$method == "REML"
  loglik <- function(theta) {
    L <- matrix(0, m, m); L[lower.tri(L, TRUE)] <- theta
    M <- V + outer(unit, unit, "==") * (L %*% t(L))[level, level]
    W <- solve(M); S <- t(X) %*% W %*% X; r <- y - X %*% solve(S, t(X) %*% W %*% y)
    ll <- -0.5 * (length(y) * log(2 * pi) + determinant(M)$modulus + t(r) %*% W %*% r)
    if (reml) ll <- ll + 0.5 * (ncol(X) * log(2 * pi) + determinant(crossprod(X))$modulus - determinant(S)$modulus)
    as.numeric(ll)
  }
  best <- -Inf
  for (start in c(0.3, 1)) {
    L <- t(chol(start * G_of(fit) + 1e-3 * mean(diag(G_of(fit))) * diag(m)))
    found <- optim(L[lower.tri(L, TRUE)], loglik, method = "BFGS", control = list(fnscale = -1, reltol = 1e-15, maxit = 2000))
    best <- max(best, found$value)
  }
  best
}
coefficients_of <- function(fit) list(beta = numbers(fit$beta), se = numbers(fit$se), df = numbers(fit$ddf),
  p = numbers(fit$pval), ci_low = numbers(fit$ci.lb), ci_high = numbers(fit$ci.ub))
case_of <- function(name, struct, method, mods) {
  V <- covariance_of(name)
  args <- list(sets[[name]]$y, V, mods = mods, random = ~ inner | outer, struct = struct, data = sets[[name]], method = method)
  z <- do.call(mv, args); t <- do.call(mv, c(args, test = "t", dfs = "contain"))
  found <- list(data = unbox(name), structure = unbox(struct), method = unbox(method), formula = unbox(paste(deparse(mods[[2]]), "")),
    z = coefficients_of(z), t = coefficients_of(t), G = rows(G_of(z)), q = one(z$QE), q_p = one(z$QEp), qm = one(z$QM), qm_p = one(z$QMp),
    ML = numbers(z$fit.stats[, "ML"]), REML = numbers(z$fit.stats[, "REML"]))
  if (struct == "UN") found$highest <- one(higher(z))
  if (struct == "UN" && method == "REML" && name %in% c("berkey1998", "ishak2007_three")) {
    cr <- coef_test(z, vcov = "CR2", cluster = sets[[name]]$outer)
    found$robust <- list(covariance = rows(as.matrix(vcovCR(z, type = "CR2", cluster = sets[[name]]$outer))),
      df = numbers(cr$df_Satt))
  }
  found
}
models <- list()
for (name in names(sets)) for (method in c("REML", "ML")) for (struct in c("UN", "CS", "HCS", "DIAG", "ID")) {
  if (name == "ishak2007_four" && !(struct %in% c("UN", "HCS"))) next
  models <- c(models, list(case_of(name, struct, method, ~ 0 + inner)))
}
models <- c(models, list(case_of("berkey1998", "UN", "REML", ~ 1)), list(case_of("berkey1998", "UN", "REML", ~ 0 + inner + inner:x)),
  list(case_of("ishak2007_three", "CS", "REML", ~ 1)))
versions <- lapply(c("metafor", "metadat", "clubSandwich"), function(p) unbox(paste(p, packageVersion(p))))
cat(toJSON(list(versions = c(list(unbox(paste("R", getRversion()))), versions), sets = lapply(sets, as.list),
  correlations = lapply(correlations, unbox), covariances = list(berkey1998 = rows(covariance_of("berkey1998"))),
  models = models), digits = 15, null = "null", na = "null"))
