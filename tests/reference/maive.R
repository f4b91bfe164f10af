# MAIVE by the R package of its authors, MAIVE 0.2.6 (github.com/PetrCala/MAIVE, commit 96922b6; results are rounded to three
# decimals before 0.2.5), on clubSandwich. Made with R/maivefunction.r and R/boot.r of that commit, which gave the results
# that the package has on record for its euro data. What is not the package's:
# - the conservative Hausman test: the package's estimates and variance, combined as its authors' README says;
# - endogenous kinks: of the mirror image where a first mean is below 0, and without weights with the variance of true
#   effects that the package's own function finds at the variances of the regressor;
# - WAIVE: the package's weights multiply the least-squares weights, which the package divides by them (corrected there
#   after 0.4.1);
# - Anderson-Rubin limits: roots of the statistic by lm(), optimize() and uniroot(), with the reported standard errors.
# Rscript maive.R > maive.json
suppressMessages({library(MAIVE); library(clubSandwich); library(metadat); library(jsonlite)})
options(warn = 1)
core <- asNamespace("MAIVE")

# The effect of the euro on trade, 61 estimates of 52 teams (tests/testthat/fixtures/euro.csv of the package).
euro <- data.frame(
  bs = c(1.56, .089, 1.21, .74, 1.12, .91, 1.21, .293, .637, .56, .53, .25, .63, .5, .163, .082, .232, .139, -.001, .54, .02,
         .38, .875, .7, 1.38, .097, 1.36, .012, .716, 1.21, .15, .91, .055, -.0003, .17, 1.16, .47, .33, .032, .5, -.378, .1,
         .921, 1.2219, .22, .65, .034, -.02, .035, 1.899, .098, .061, .093, .04, .471, 1.8285, .069, .506, .82, .62, .08),
  sebs = c(.44, .025, .14, .05, .12, .18, .37, .145, .081, .16, .063321389257907867, .033, .24, .25, .015, .018, .024, .02,
           .036, .040388930588960648, .0076923076994717121, .1, .054653342813253403, .23, .16, .014, .18, .025, .186, .12,
           .04, .18, .008, .004, .24, .07, .22, .1, .014, .27, .529, .02, .4, .305, .38, .05, .015315315686166286, .03, .01,
           .351, .196, .02697, .039, .012779552489519119, .316, .30475, .011, .257, .27, .17, .05),
  Ns = c(348295, 2079, 22948, 219558, 234597, 20306, 4618, 808, 55831, 95053, 34892, 13192, 75037, 22948, 6069, 2541, 4161,
         4732, 12157, 265262, 1785, 22948, 156951, 31010, 31010, 5130, 31226, 4152, 1140, 4412, 5902, 10553, 2508, 3822,
         59554, 3558, 10947, 10064, 6156, 3441, 21758, 924, 190, 2500, 16085, 219558, 2520, 10788, 16000000, 158237, 817,
         6930, 6600, 3771, 23814, 14522, 3234, 433, 6326, 1070, 219558),
  study = c(1, 2, 3, 3, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 15, 16, 17, 18, 19, 20, 21, 21, 22, 23, 24, 25, 26, 26,
            27, 28, 29, 30, 31, 32, 33, 33, 34, 35, 36, 37, 38, 39, 40, 41, 41, 42, 43, 44, 45, 45, 46, 47, 48, 49, 50, 51,
            51, 52))

drawn <- function() {  # the example of the package's vignette, with sizes that tell of the standard errors
  set.seed(123)
  d <- data.frame(bs = rnorm(50, 0.3, 0.2), sebs = runif(50, 0.05, 0.3), Ns = sample(100:1000, 50, replace = TRUE),
                  study = rep(1:10, each = 5))
  d$sebs <- sqrt(d$sebs * 4 / sqrt(d$Ns)) / 2
  d$bs <- d$bs + 0.5 * d$sebs
  d
}
tuition <- with(dat.bangertdrowns2004, data.frame(bs = yi, sebs = sqrt(vi), Ns = ni))
peers <- with(metafor::escalc("OR", ai = waward, n1i = wtotal, ci = maward, n2i = mtotal, data = dat.bornmann2007),
              data.frame(bs = as.numeric(yi), sebs = sqrt(vi), Ns = wtotal + mtotal, study = as.integer(factor(study))))
conscience <- with(metafor::escalc("ZCOR", ri = ri, ni = ni, data = dat.molloy2014),
                   data.frame(bs = as.numeric(yi), sebs = sqrt(vi), Ns = ni))
conscience$sebs <- conscience$sebs * rep(c(1, 1.2, .8, 1.1), 4)  # otherwise the sizes tell all
few <- data.frame(bs = c(0.5, 0.45, 0.55, 0.6), sebs = c(0.25, 0.2, 0.22, 0.27), Ns = c(50, 80, 65, 90))  # the package's help
data <- list(euro = euro, drawn = drawn(), tuition = tuition, peers = peers, conscience = conscience, few = few)

methods <- c("PET", "PEESE", "PET-PEESE", "EK"); weightings <- c("equal", "reported", "adjusted")
stages <- c("levels", "log"); kinds <- c("CR0", "CR1", "CR2")
number <- function(x) if (is.null(x) || is.na(x)) NA else unname(as.numeric(x))

# Second stages by the package's own functions, so that a kink can be made with another variance of true effects.
kink <- function(dat, weight, instrument, clustered, kind, stage, base) {
  opts <- list(alpha_s = 0.05)
  g <- if (clustered) dat$study else seq_len(nrow(dat))
  first <- core$maive_compute_variance_instrumentation(dat$sebs, dat$Ns, g, kind, 1L, stage)
  x <- if (instrument) sqrt(first$sebs2fit1) else dat$sebs
  w <- switch(weight, equal = rep(1, nrow(dat)), reported = dat$sebs, adjusted = sqrt(first$sebs2fit1))
  none <- matrix(0, nrow(dat), 0)
  d <- cbind(dat, g = g)
  one <- function(sign) {
    design <- core$maive_build_design_matrices(sign * dat$bs, dat$sebs, w, x, x^2, none, 0L)
    fits <- core$maive_fit_models(design)
    chosen <- core$maive_select_petpeese(fits, design, opts$alpha_s, match(kind, kinds) - 1L, d, kind)
    spread <- if (weight == "equal") x else w
    at <- core$maive_build_design_matrices(sign * dat$bs, dat$sebs, spread, x, x^2, none, 0L)
    sd <- core$maive_compute_sigma_h(core$maive_fit_models(at), spread, dat$sebs)
    ek <- core$maive_fit_ek(chosen, design, sd, 4L)
    part <- function(model, first, where, sd) {
      V <- as.matrix(vcovCR(model, cluster = g, type = kind)); b <- unname(coef(model))
      list(first = sign * first, estimate = sign * b[1], se = sqrt(V[1, 1]), kink = unname(where), sd = sd,
           bias = if (length(b) > 1) sign * b[2] else NA, bias_se = if (length(b) > 1) sqrt(V[2, 2]) else NA)
    }
    list(maive = part(ek$ekreg, unname(coef(chosen$petpeese)[1]), ek$a0, sd$sighhat0),
         plain = part(ek$ekreg0, unname(coef(chosen$petpeese0)[1]), ek$a00, sd$sighhat00))
  }
  up <- one(1); down <- one(-1)
  list(maive = if (up$maive$first >= 0) up$maive else down$maive, plain = if (up$plain$first >= 0) up$plain else down$plain)
}

fits_of <- function(dat) {
  found <- list()
  columns <- dat[c("bs", "sebs", "Ns")]
  add <- function(clustered, stage, kind, weight, method, instrument) {
    if (clustered) columns$study_id <- dat$study
    r <- maive(columns, match(method, methods), match(weight, weightings) - 1L, as.integer(instrument),
               if (clustered) 2L else 0L, match(kind, kinds) - 1L, 0L, first_stage = match(stage, stages) - 1L)
    one <- list(clustered = clustered, first_stage = stage, kind = kind, weights = weight, method = method,
                instrument = instrument, estimate = number(r$beta), se = number(r$SE), plain = number(r$beta_standard),
                plain_se = number(r$SE_standard), bias = number(r$egger_coef), bias_se = number(r$egger_se),
                bias_p = number(r$`pub bias p-value`), chosen = r$petpeese_selected)
    if (instrument) one$f <- number(r$`F-test`)
    if (method %in% c("PEESE")) { one$slope <- number(r$peese_se2_coef); one$slope_se <- number(r$peese_se2_se) }
    if (method == "EK") {
      made <- kink(dat, weight, instrument, clustered, kind, stage)
      same <- weight != "equal" && made$maive$first >= 0
      if (same) stopifnot(isTRUE(all.equal(c(made$maive$estimate, made$maive$se), c(one$estimate, one$se), tolerance = 1e-10)))
      one$estimate <- made$maive$estimate; one$se <- made$maive$se; one$plain <- made$plain$estimate
      one$plain_se <- made$plain$se; one$kink <- made$maive$kink; one$sd <- made$maive$sd
      one$slope <- made$maive$bias; one$slope_se <- made$maive$bias_se
      one$of_the_package <- same
    }
    one$hausman <- (one$estimate - one$plain)^2 / one$se^2
    one
  }
  for (clustered in if (is.null(dat$study)) FALSE else c(FALSE, TRUE))
    for (stage in stages) for (weight in weightings) for (method in methods) for (kind in kinds)
      found <- c(found, list(add(clustered, stage, kind, weight, method, TRUE)))
  for (weight in weightings[1:2]) for (method in methods)
    found <- c(found, list(add(FALSE, "levels", "CR2", weight, method, FALSE)))
  found
}

firsts_of <- function(dat) lapply(setNames(stages, stages), function(stage) {
  first <- core$maive_compute_variance_instrumentation(dat$sebs, dat$Ns, seq_len(nrow(dat)), "CR2", 1L, stage)
  list(coefficients = unname(coef(first$first_stage_model)), variance = unname(first$sebs2fit1),
       decay = unname(core$maive_compute_waive_weights(first$first_stage_model)))
})

# PET and PEESE with the package's WAIVE weights as factors of the least-squares weights, where the package divides by them.
waive_of <- function(dat) lapply(setNames(stages, stages), function(stage) {
  first <- core$maive_compute_variance_instrumentation(dat$sebs, dat$Ns, seq_len(nrow(dat)), "CR2", 1L, stage)
  decay <- core$maive_compute_waive_weights(first$first_stage_model)
  g <- if (is.null(dat$study)) seq_len(nrow(dat)) else dat$study
  v <- first$sebs2fit1
  one <- function(model) {
    V <- as.matrix(vcovCR(model, cluster = g, type = "CR2"))
    list(estimate = unname(coef(model)), se = unname(sqrt(diag(V))))
  }
  fits <- function(w) core$maive_fit_models(core$maive_build_design_matrices(dat$bs, dat$sebs, w / sqrt(decay), sqrt(v), v, matrix(0, nrow(dat), 0), 0L))
  equal <- fits(1); adjusted <- fits(sqrt(v))
  again <- lm(bs ~ sqrt(v), data = dat, weights = decay)
  stopifnot(isTRUE(all.equal(unname(coef(again)), unname(coef(equal$fatpet)), tolerance = 1e-10)))
  list(PET = list(equal = one(equal$fatpet), adjusted = one(adjusted$fatpet)),
       PEESE = list(equal = one(equal$peese), adjusted = one(adjusted$peese)))
})

# The values of the mean that some slope does not have rejected: (k - 2) RSS explained / RSS left of y - b0 - b1 x on the instrument,
# below the quantile of chi-square with two degrees of freedom.
anderson_rubin <- function(dat, stage, method) {
  x <- if (method == "PET") dat$sebs else dat$sebs^2
  z <- if (stage == "levels") 1 / dat$Ns else log(dat$Ns)
  k <- nrow(dat); cut <- qchisq(.95, 2)
  x <- x / sd(x)
  left <- function(r) { m <- lm(r ~ z); e <- sum(residuals(m)^2); (k - 2) * (sum(r^2) - e) / e }
  iv <- coef(lm(dat$bs ~ fitted(lm(x ~ z))))
  least <- function(b0) {
    wide <- function(u) left(dat$bs - b0 - iv[2] * x - tan(u) * x)
    grid <- seq(-pi / 2 + 1e-4, pi / 2 - 1e-4, length.out = 241); at <- which.min(vapply(grid, wide, 0))
    span <- pi / 240
    optimize(wide, c(max(grid[at] - span, -pi / 2 + 1e-6), min(grid[at] + span, pi / 2 - 1e-6)), tol = 1e-11)$objective - cut
  }
  unit <- sd(dat$bs)
  far <- c(least(iv[1] - 1e4 * unit), least(iv[1] + 1e4 * unit))
  if (any(far < 0)) return(list(first_stage = stage, method = method, low = NA, high = NA, bounded = FALSE))
  reach <- function(side) { s <- unit / 4; while (least(iv[1] + side * s) < 0) s <- 2 * s; s }
  root <- function(side) uniroot(least, sort(iv[1] + side * c(0, reach(side))), tol = 1e-12 * unit)$root
  list(first_stage = stage, method = method, low = unname(root(-1)), high = unname(root(1)), bounded = TRUE)
}

# Wild bootstrap: the draws that the package's seed gives, and the limits that they make.
bootstrap_of <- function(dat) {
  set.seed(123)
  draws <- vapply(1:999, function(b) paste(ifelse(sample(c(-1, 1), length(unique(dat$study)), replace = TRUE) > 0, "+", "-"), collapse = ""), "")
  columns <- dat[c("bs", "sebs", "Ns")]; columns$study_id <- dat$study
  limits <- lapply(setNames(weightings[c(1, 3)], weightings[c(1, 3)]), function(weight) lapply(setNames(1:2, methods[1:2]), function(method) {
    r <- maive(columns, method, match(weight, weightings) - 1L, 1L, 2L, 3L, 0L, first_stage = 0L)
    list(ci = unname(r$boot_result$boot_ci), se = unname(r$boot_result$boot_se), first = unname(r$boot_result$boot_coefs[1:3, ]))
  }))
  list(draws = draws, limits = limits)
}

out <- lapply(data, function(dat) list(
  y = dat$bs, se = dat$sebs, n = dat$Ns, study = if (is.null(dat$study)) NULL else dat$study,
  firsts = firsts_of(dat), fits = fits_of(dat), waive = waive_of(dat),
  anderson_rubin = unlist(lapply(stages, function(s) lapply(methods[1:2], function(m) anderson_rubin(dat, s, m))), recursive = FALSE)))
out$drawn$bootstrap <- bootstrap_of(data$drawn)
cat(toJSON(list(versions = list(R = paste(R.version$major, R.version$minor, sep = "."), MAIVE = "0.2.6",
                                clubSandwich = as.character(packageVersion("clubSandwich"))), data = out),
           digits = NA, auto_unbox = TRUE, na = "null", null = "null", dataframe = "columns"))
