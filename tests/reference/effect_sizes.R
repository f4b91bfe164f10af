# Reference values for the measures of toolkit.effects that metafor_univariate.R does not hold.
#
#   Rscript effect_sizes.R > effect_sizes.json
#
# Made with R 4.2.2, metafor 3.8-1, metadat 1.2-0, mvtnorm 1.1-3, gsl 2.1-8, jsonlite 1.8.4 (Debian 12 packages).
# Two measures need care. RTET: escalc searches with optim's defaults and is right to two or three digits, so its
# estimates are repeated here with uniroot on the exact bivariate normal distribution. UCOR: the GSL's hypergeometric
# function is wrong in the fourth digit for even n and small r (2F1(1/2, 1/2; 5; 0.9964) comes out above
# 2F1(1/2, 1/2; 5; 1), which is impossible), so samples here have odd sizes, and one even one is kept as "gsl".

suppressMessages({library(metafor); library(metadat); library(jsonlite)})

pick <- function(data, columns) lapply(data[columns], as.numeric)

tables <- list(
  bcg = with(dat.bcg, list(ai = tpos, bi = tneg, ci = cpos, di = cneg)),
  zeros = list(ai = c(0, 2, 1, 5, 7), bi = c(100, 80, 150, 0, 9), ci = c(3, 1, 0, 3, 2), di = c(100, 79, 151, 4, 11)))
full <- list(bcg = tables$bcg, close = list(ai = c(40, 5, 300), bi = c(3, 30, 290), ci = c(2, 45, 310), di = c(38, 4, 305)))
means <- list(
  normand1999 = pick(dat.normand1999, c("m1i", "sd1i", "n1i", "m2i", "sd2i", "n2i")),
  unequal = list(m1i = c(5, 2, 9), sd1i = c(2, 1, 4), n1i = c(12, 40, 7), m2i = c(3, 2.2, 1), sd2i = c(1, 3, 3), n2i = c(30, 8, 6)))
paired <- list(
  plain = list(ai = c(20, 5, 33), bi = c(8, 12, 3), ci = c(3, 15, 9), di = c(69, 40, 21)),
  zeros = list(ai = c(0, 4, 10), bi = c(5, 0, 2), ci = c(2, 3, 0), di = c(30, 20, 0)))
margins <- list(plain = list(ai = c(28, 17, 36), bi = c(72, 55, 30), ci = c(23, 20, 42), di = c(77, 52, 24), ri = c(.7, .1, -.2)))
changes <- list(plain = list(m1i = c(25, 14.2, 9.9), sd1i = c(5, 3.1, 4), m2i = c(21, 15, 8), sd2i = c(6, 2.9, 3), ni = c(30, 12, 55), ri = c(.5, .8, -.1)))
odd <- dat.mcdaniel1994[dat.mcdaniel1994$ni %% 2 == 1 & !is.na(dat.mcdaniel1994$ri) & dat.mcdaniel1994$ni > 4, ]
correlations <- list(mcdaniel1994_odd = pick(odd[1:30, ], c("ri", "ni")), small = list(ri = c(.2, .5, -.9), ni = c(3, 4, 5)))
slopes <- list(aloe2013 = with(dat.aloe2013, list(ti = tval, ni = n, mi = preds, r2i = R2)))
alphas <- list(bonett2010 = pick(dat.bonett2010, c("ai", "mi", "ni")))
one_mean <- list(normand1999 = with(dat.normand1999, list(mi = as.numeric(m1i), sdi = as.numeric(sd1i), ni = as.numeric(n1i))))
genotypes <- list(plain = list(ai = c(20, 35, 8), bi = c(50, 30, 61), ci = c(30, 12, 44)))

effects <- list()
escalc_case <- function(name, measure, raw, rule, variance) {
  needed <- if (measure == "SMD1") setdiff(names(raw), "sd1i") else names(raw)
  found <- suppressWarnings(do.call(escalc, c(list(measure = measure, vtype = variance), rule, raw[needed])))
  effects[[length(effects) + 1]] <<- list(
    data = name, measure = measure, rule = rule, variance = variance, raw = raw[needed],
    y = as.numeric(found$yi), v = as.numeric(found$vi))
}
each <- function(sets, measures, variances = "LS", rules = list(list())) {
  for (name in names(sets)) for (measure in measures) for (variance in variances) for (rule in rules)
    escalc_case(name, measure, sets[[name]], rule, variance)
}
rules <- list(list(), list(to = "all"), list(to = "if0all"), list(to = "none"), list(add = .25))
each(tables, c("PBIT", "OR2D", "OR2DL", "OR2DN"), rules = c(rules, list(list(drop00 = TRUE))))
each(tables, "PHI", "CS")
each(paired, c("MPRD", "MPRR", "MPOR", "MPORC", "MPPETO"), rules = rules)
each(margins, "MPORM")
each(means, "SMD1", c("LS", "LS2", "UB", "AV"))
each(means, c("SMD1H", "RBIS", "D2OR", "D2ORL", "D2ORN")); each(means, "RPB", c("LS", "ST", "CS"))
each(changes, c("MC", "SMCRH", "ROMC", "CVRC", "VRC")); each(changes, c("SMCC", "SMCR"), c("LS", "LS2"))
each(correlations, "UCOR", c("LS", "UB", "AV"))
each(slopes, "ZPCOR"); each(slopes, c("PCOR", "SPCOR"), c("LS", "AV"))
each(alphas, c("ARAW", "AHW", "ABT"))
each(one_mean, c("SMN", "SDLN", "CVLN"))
each(genotypes, "REH")

back <- lapply(c("AHW", "ABT"), function(measure) {
  y <- as.numeric(do.call(escalc, c(list(measure = measure), alphas[[1]]))$yi)
  list(measure = measure, y = y, size = NULL, natural = switch(measure, AHW = transf.iahw(y), ABT = transf.iabt(y)))
})
changed <- as.numeric(escalc(measure = "ROM", m1i = m1i, sd1i = sd1i, n1i = n1i, m2i = m2i, sd2i = sd2i, n2i = n2i, data = dat.normand1999)$yi)
back <- c(back, list(list(measure = "PERCENT", y = changed, size = NULL, natural = 100 * (exp(changed) - 1))))

below <- function(h, k, rho)
  as.numeric(mvtnorm::pmvnorm(upper = c(h, k), corr = matrix(c(1, rho, rho, 1), 2), algorithm = mvtnorm::TVPACK(abseps = 1e-15)))
tetrachoric <- unlist(lapply(full, function(raw) lapply(seq_along(raw$ai), function(i) {
  cell <- sapply(raw, function(column) column[i]); n <- sum(cell)
  h <- qnorm((cell[["ai"]] + cell[["bi"]]) / n); k <- qnorm((cell[["ai"]] + cell[["ci"]]) / n)
  exact <- uniroot(function(rho) below(h, k, rho) - cell[["ai"]] / n, c(-.9999, .9999), tol = 1e-14, maxiter = 10000)$root
  searched <- suppressWarnings(do.call(escalc, c(list(measure = "RTET"), as.list(cell))))
  list(raw = as.list(cell), exact = exact, escalc_y = as.numeric(searched$yi), escalc_v = as.numeric(searched$vi))
})), recursive = FALSE, use.names = FALSE)

gsl <- list(r = -.06, n = 12, y = as.numeric(escalc(measure = "UCOR", ri = -.06, ni = 12)$yi))

version <- function(package) as.character(packageVersion(package))
packages <- c("metafor", "metadat", "mvtnorm", "gsl", "jsonlite")
source <- c(list(script = "effect_sizes.R", R = paste(R.version$major, R.version$minor, sep = ".")), setNames(lapply(packages, version), packages))
cat(toJSON(list(source = source, effects = effects, back_transform = back, tetrachoric = tetrachoric, gsl = gsl),
  auto_unbox = TRUE, digits = I(15), na = "null", null = "null"), "\n")
