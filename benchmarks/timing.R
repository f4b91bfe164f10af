# Median processor seconds of one run of a job; a quick job is run many times over, a slow one once.

seconds <- function(job, rounds = 5) {
  once <- function(n) { start <- proc.time(); for (i in seq_len(n)) job(); sum((proc.time() - start)[1:2]) }
  first <- once(1)
  if (first > 1) return(first)
  n <- max(1, ceiling(0.2 / max(first, 1e-3)))
  median(replicate(rounds, once(n) / n))
}
