# Reference values for what a fitted model of dependent effects says beyond its coefficients: profile-likelihood limits
# of variances and correlations, predictions, random effects and criteria of multivariate models, and the degrees of
# freedom of predictions and random effects of multilevel ones.
#
#   Rscript multivariate_inference.R > multivariate_inference.json
#
# Made with R 4.2.2, metafor 3.8-1, metadat 1.2-0, jsonlite 1.8.4 (Debian 12 packages); the file repeats the versions.
# rma.mv stops at a relative change of 1e-12 in the log-likelihood, or at the smallest that it reaches up to 1e-10;
# confint at 1e-9. Data: Riley 2003 (two outcomes), Assink and Wibbelink 2016 (effects in studies).

suppressMessages({library(metafor); library(metadat); library(jsonlite)})
numbers <- function(x) unname(as.numeric(x))
mv <- function(y, v, ...) {
  for (tolerance in c(1e-12, 1e-11, 1e-10)) {
    args <- list(yi = y, V = v, ..., test = "t", dfs = "contain", control = list(rel.tol = tolerance, iter.max = 1000, eval.max = 2000))
    fit <- try(suppressWarnings(do.call(rma.mv, args)), silent = TRUE)
    if (!inherits(fit, "try-error")) return(fit)
  }
  stop("no fit")
}
predicted <- function(fit) { p <- predict(fit); lapply(list(estimate = p$pred, se = p$se, ci_low = p$ci.lb, ci_high = p$ci.ub, pi_low = p$pi.lb, pi_high = p$pi.ub), numbers) }
effects <- function(table) list(names = rownames(table), estimate = numbers(table$intrcpt), se = numbers(table$se), ci_low = numbers(table$pi.lb))
limits <- function(fit, component, count) lapply(seq_len(count), function(at) {
  asked <- list(fit, at, control = list(tol = 1e-9)); names(asked)[2] <- component
  numbers(suppressWarnings(do.call(confint, asked))$random[1, ])
})
criteria <- function(fit) list(ML = numbers(fitstats(fit, REML = FALSE)[, 1]), REML = numbers(fitstats(fit, REML = TRUE)[, 1]))
riley <- with(dat.riley2003, data.frame(y = yi, v = vi, outer = study, inner = outcome))
assink <- with(dat.assink2016, data.frame(y = yi, v = vi, study = study, effect = esid, x = year, published = pubstatus))

models <- lapply(c("UN", "DIAG", "CS"), function(struct) {
  formula <- if (struct == "CS") ~ 1 else ~ 0 + inner
  fit <- mv(riley$y, riley$v, mods = formula, random = ~ inner | outer, struct = struct, data = riley)
  list(structure = unbox(struct), means = unbox(struct != "CS"), tau2 = limits(fit, "tau2", length(fit$tau2)),
    rho = if (struct == "DIAG") list() else limits(fit, "rho", length(fit$rho)), predict = predicted(fit),
    ranef = effects(ranef(fit)[[1]]), criteria = criteria(fit))
})
nested <- mv(assink$y, assink$v, mods = ~ x + published, random = ~ 1 | study/effect, data = assink)
mean <- mv(assink$y, assink$v, random = ~ 1 | study/effect, data = assink)

# A level with one effect, levels that never meet, and fewer units than coefficients.
rare <- riley; rare$inner <- as.character(rare$inner); rare$inner[1] <- "once"
sparse <- lapply(c("UN", "HCS", "DIAG"), function(struct) {
  fit <- mv(rare$y, rare$v, random = ~ inner | outer, struct = struct, data = rare)
  list(structure = unbox(struct), tau2 = numbers(fit$tau2), criteria = criteria(fit))
})
apart <- riley[!duplicated(riley$outer), ]
never <- lapply(c("UN", "HCS", "CS"), function(struct) {
  fit <- mv(apart$y, apart$v, random = ~ inner | outer, struct = struct, data = apart)
  list(structure = unbox(struct), tau2 = numbers(fit$tau2), criteria = criteria(fit))
})
few <- assink[assink$study == 1, ]
single <- mv(few$y, few$v, random = ~ 1 | study/effect, data = few)
out <- list(
  versions = lapply(list(R = paste0(R.version$major, ".", R.version$minor), metafor = as.character(packageVersion("metafor")),
    metadat = as.character(packageVersion("metadat"))), unbox),
  riley2003 = as.list(riley), assink2016 = as.list(assink), models = models,
  nested = list(df = numbers(nested$ddf), predict = predicted(nested), study = effects(ranef(nested)$study), effect = effects(ranef(nested)[[2]])),
  mean = list(study = effects(ranef(mean)$study), effect = effects(ranef(mean)[[2]])),
  once = sparse, never = never,
  single = list(df = numbers(single$ddf), sigma2 = numbers(single$sigma2), ci_low = numbers(single$ci.lb), criteria = criteria(single))
)
writeLines(toJSON(out, digits = 15, na = "null"))
