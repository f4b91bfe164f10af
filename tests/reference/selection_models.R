# Selection models by metafor's selmodel on two data sets, with and without a moderator.
# Rscript selection_models.R > selection_models.json
suppressMessages({library(metafor); library(jsonlite)})
smoking <- dat.hackshaw1998
coaching <- dat.baskerville2012
coaching$vi <- coaching$se^2
data <- list(hackshaw1998 = list(y = smoking$yi, v = smoking$vi, x = smoking$year - 1990),
             baskerville2012 = list(y = coaching$smd, v = coaching$vi, x = log(coaching$duration)))
cuts <- c(.005, .01, .05, .10, .25, .35, .5, .65, .75, .9, .95, .99, .995)
fixed <- c(1, .99, .95, .8, .75, .65, .6, .55, .5, .5, .5, .5, .5, .5)
models <- list(
  stepfun_025 = list(type = "stepfun", steps = .025),
  stepfun_05_5 = list(type = "stepfun", steps = c(.05, .5)),
  stepfun_two_sided = list(type = "stepfun", steps = .05, alternative = "two.sided"),
  stepfun_fixed = list(type = "stepfun", steps = cuts, delta = fixed),
  beta = list(type = "beta"), halfnorm = list(type = "halfnorm"), negexp = list(type = "negexp"),
  logistic = list(type = "logistic"), power = list(type = "power"), negexppow = list(type = "negexppow"),
  halfnorm_step = list(type = "halfnorm", steps = .05),
  negexp_se = list(type = "negexp", prec = "sei"), halfnorm_v = list(type = "halfnorm", prec = "vi"))
fit <- function(d, call, method, moderator) {
  plain <- if (moderator) rma(d$y, d$v, mods = ~ d$x, method = method) else rma(d$y, d$v, method = method)
  if (is.null(call$alternative)) call$alternative <- "greater"
  control <- list(optimizer = "nlminb", iter.max = 2000, eval.max = 4000, rel.tol = 1e-14)
  r <- try(suppressWarnings(do.call(selmodel, c(list(plain, control = control), call))), silent = TRUE)
  if (inherits(r, "try-error"))
    r <- try(suppressWarnings(do.call(selmodel, c(list(plain), call))), silent = TRUE)
  if (inherits(r, "try-error")) return(NULL)
  list(beta = I(c(r$beta)), se = I(r$se), ci_low = I(r$ci.lb), ci_high = I(r$ci.ub), tau2 = r$tau2, tau2_se = r$se.tau2,
       delta = I(r$delta), delta_se = I(r$se.delta), lrt = r$LRT, lrt_df = r$LRTdf, lrt_p = r$LRTp,
       loglik = r$fit.stats["ll", "ML"], aic = r$fit.stats["AIC", "ML"], bic = r$fit.stats["BIC", "ML"],
       aicc = r$fit.stats["AICc", "ML"])
}
out <- list(software = paste(R.version.string, "metafor", packageVersion("metafor")), data = list())
for (name in names(data)) {
  d <- data[[name]]
  fits <- list()
  for (m in names(models)) fits[[m]] <- fit(d, models[[m]], "ML", FALSE)
  fits$stepfun_025_common <- fit(d, models$stepfun_025, "EE", FALSE)
  fits$stepfun_025_moderator <- fit(d, models$stepfun_025, "ML", TRUE)
  fits$halfnorm_moderator <- fit(d, models$halfnorm, "ML", TRUE)
  out$data[[name]] <- c(lapply(d, I), list(fits = fits))
}
cat(toJSON(out, digits = 12, auto_unbox = TRUE, na = "null"), "\n")
