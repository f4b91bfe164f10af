# Reference values for the clusters in a GOSH plot and the studies that make them.
#
#   Rscript gosh_clusters.R > gosh_clusters.json
#
# Made with R 4.2.2, metafor 3.8-1, dbscan 1.1-11, mclust 6.0.0, jsonlite 1.8.4 (Debian 12 packages); the file repeats
# the versions. The steps are those that dmetar's help page of gosh.diagnostics() describes; dmetar itself is on no
# package archive, so that they are made here of base R's kmeans(), dbscan(), Mclust() and cooks.distance().

suppressMessages({library(metafor); library(dbscan); library(mclust); library(jsonlite)})

y <- c(.1, .2, .15, .12, .18, .22, 1.1, .05)
v <- c(.02, .03, .025, .04, .02, .03, .02, .05)
r <- rma.uni(y, v, method = "DL", test = "z")
found <- gosh(r, progbar = FALSE)
plane <- data.frame(scale(found$res$I2), scale(found$res$estimate))

set.seed(1)
groups <- list(
  "k-means" = kmeans(plane, centers = 3, nstart = 500, iter.max = 100)$cluster,
  DBSCAN = dbscan(plane, eps = .4, minPts = 5)$cluster,
  "gaussian-mixture" = Mclust(plane, G = 2, modelNames = "EEE", verbose = FALSE)$classification)

diagnose <- function(group) {
  inside <- sapply(split(as.data.frame(found$incl), group), colSums)
  share <- inside / colSums(found$incl)
  imbalance <- sweep(share, 2, colMeans(share))[, colnames(share) != "0", drop = FALSE]
  distance <- apply(imbalance, 2, function(d) cooks.distance(lm(d ~ 1)))
  list(cluster = group, imbalance = t(imbalance), cooks_distance = t(distance),
    outlying = as.logical(apply(distance > 3 * mean(distance), 1, any)))
}
version <- function(package) as.character(packageVersion(package))
source <- list(script = "gosh_clusters.R", R = paste(R.version$major, R.version$minor, sep = "."),
  metafor = version("metafor"), dbscan = version("dbscan"), mclust = version("mclust"), jsonlite = version("jsonlite"))
cat(toJSON(list(source = source, y = y, v = v, estimate = found$res$estimate, i2 = found$res$I2,
  members = found$incl + 0, methods = lapply(groups, diagnose)), auto_unbox = TRUE, digits = I(13)), "\n")
