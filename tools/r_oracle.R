# SPDX-License-Identifier: Apache-2.0
# r_oracle.R: what R says of the statistics of src/stat, as a C header for tests/stat/test_oracle.c:
#     Rscript tools/r_oracle.R > tests/stat/r_tables.h
# R is needed to make the table, not to run the test.
set.seed(20261126, kind = "Mersenne-Twister", normal.kind = "Inversion", sample.kind = "Rejection")

number <- function(x) {
  ifelse(is.nan(x) | is.na(x), "(double)NAN", ifelse(is.infinite(x), ifelse(x > 0, "HUGE_VAL", "-HUGE_VAL"),
                                           sprintf("%.17g", x)))
}
row <- function(...) cat("\t{ ", paste(number(c(...)), collapse = ", "), " },\n", sep = "")
numbers <- function(name, x) cat("static const double ", name, "[] = { ", paste(number(x), collapse = ", "), " };\n", sep = "")

cat("/* SPDX-License-Identifier: Apache-2.0\n *\n * Made by tools/r_oracle.R with ", R.version.string, ": do not edit. */\n", sep = "")
cat("/* clang-format off */\n")

cat("/* t, df, P(T >= t) */\nstatic const double r_t_tail[][3] = {\n")
for (df in c(1, 1.5, 2, 3, 4.7, 10, 29, 30.5, 100, 120.5, 1000, 12345, 1e6, 1e9))
  for (t in c(0, 1e-12, 1e-3, .1, .5, 1, 1.96, 3, 5, 10, 37, 100, 1e4, 1e8))
    row(t, df, pt(t, df, lower.tail = FALSE))
for (t in c(1e20, 1e60, 1e100)) row(t, 3, pt(t, 3, lower.tail = FALSE))
row(1e290, 1, pt(1e290, 1, lower.tail = FALSE))
row(-2, 7, pt(-2, 7, lower.tail = FALSE))
cat("};\n/* p, df, t */\nstatic const double r_t_quantile[][3] = {\n")
for (df in c(1, 2.5, 7, 40, 1000))
  for (p in c(1e-12, 1e-4, .025, .2, .5, .8, .975, .999)) row(p, df, qt(p, df))
cat("};\n/* z, two-sided p */\nstatic const double r_normal[][2] = {\n")
for (z in c(0, 1e-9, .3, 1, 1.96, 4, 8, 20, 37)) row(z, 2 * pnorm(z, lower.tail = FALSE))
cat("};\n/* p, z */\nstatic const double r_normal_quantile[][2] = {\n")
for (p in c(1e-300, 1e-20, 1e-5, .025, .3, .5, .7, .975)) row(p, qnorm(p))
cat("};\n")

samples <- list(
  few = list(c(1.5, 2.25, 3.75), c(2.5, 4.125, 3.5, 5.0625)),
  normal = list(round(rnorm(12, 10, 2), 6), round(rnorm(15, 11, 3), 6)),
  apart = list(round(rnorm(40, 10, 1), 6), round(rnorm(40, 30, 1), 6)),
  heavy = list(round(exp(rnorm(49)), 6), round(exp(rnorm(30, .4)), 6)),
  tied = list(sample(1:6, 25, TRUE) + 0, sample(2:7, 18, TRUE) + 0),
  many = list(round(rnorm(80), 6), round(rnorm(60, .2), 6)))
for (name in names(samples)) {
  numbers(paste0("r_", name, "_a"), samples[[name]][[1]])
  numbers(paste0("r_", name, "_b"), samples[[name]][[2]])
}
cliff <- function(a, b) {
  m <- length(a); n <- length(b)
  s <- sign(outer(b, a, "-")); d <- mean(s)
  v <- (m^2 * sum((rowMeans(s) - d)^2) + n^2 * sum((colMeans(s) - d)^2) - sum((s - d)^2)) / (m * n * (m - 1) * (n - 1))
  v <- max(v, (1 - d^2) / (m * n - 1)); z <- qnorm(.975)
  if (abs(d) == 1) return(c(d, NaN, NaN))
  w <- z * sqrt(v) * sqrt((1 - d^2)^2 + z^2 * v)
  c(d, max(-1, (d - d^3 - w) / (1 - d^2 + z^2 * v)), min(1, (d - d^3 + w) / (1 - d^2 + z^2 * v)))
}
cat("static const struct {\n\tconst double *a;\n\tsize_t na;\n\tconst double *b;\n\tsize_t nb;\n",
    "\tdouble welch[5], student[5]; /* t, df, p, lo, hi */\n\tdouble mann_whitney[2];     /* W, p */\n",
    "\tdouble cohen, hedges, cliff[3];\n} r_two_samples[] = {\n", sep = "")
for (name in names(samples)) {
  a <- samples[[name]][[1]]; b <- samples[[name]][[2]]
  w <- t.test(b, a); s <- t.test(b, a, var.equal = TRUE); u <- suppressWarnings(wilcox.test(b, a))
  df <- length(a) + length(b) - 2
  d <- (mean(b) - mean(a)) / sqrt(((length(a) - 1) * var(a) + (length(b) - 1) * var(b)) / df)
  j <- exp(lgamma(df / 2) - lgamma((df - 1) / 2)) / sqrt(df / 2)
  brace <- function(x) paste0("{ ", paste(number(x), collapse = ", "), " }")
  cat("\t{ r_", name, "_a, ", length(a), ", r_", name, "_b, ", length(b), ",\n\t  ",
      brace(c(w$statistic, w$parameter, w$p.value, w$conf.int)), ",\n\t  ",
      brace(c(s$statistic, s$parameter, s$p.value, s$conf.int)), ",\n\t  ",
      brace(c(u$statistic, u$p.value)), ", ", number(d), ", ", number(j * d), ", ", brace(cliff(a, b)), " },\n", sep = "")
}
cat("};\n")

pairs <- list(
  few = c(1.5, -.5, 2.25, 3, -1.75, 4),
  exact = round(rnorm(49, .3), 6),
  many = round(rnorm(70, .3), 6),
  ties = c(1, -1, 2, 2, -2, 3, 0, 0, 4, -3, 5, 5, 1, 1, -1, 6),
  sure = round(rnorm(60, 20), 6))
for (name in names(pairs)) numbers(paste0("r_pairs_", name), pairs[[name]])
cat("static const struct {\n\tconst double *d;\n\tsize_t n;\n\tdouble v, p;\n} r_wilcoxon[] = {\n")
for (name in names(pairs)) {
  w <- suppressWarnings(wilcox.test(pairs[[name]]))
  cat("\t{ r_pairs_", name, ", ", length(pairs[[name]]), ", ", number(w$statistic), ", ", number(w$p.value), " },\n", sep = "")
}
cat("};\n")

p <- c(.01, .02, .03, .04, .05, 1e-6, .5, 1, .03, .9)
numbers("r_adjust_p", p)
numbers("r_adjust_holm", p.adjust(p, "holm"))
numbers("r_adjust_bh", p.adjust(p, "BH"))

series <- list(rising = round(.1 * (1:30) + rnorm(30), 6), flat = round(rnorm(40), 6), tied = c(1, 1, 2, 2, 2, 3, 1, 4, 4, 5, 3, 5))
for (name in names(series)) numbers(paste0("r_series_", name), series[[name]])
cat("static const struct {\n\tconst double *x;\n\tsize_t n;\n\tdouble tau, p, slope;\n} r_trend[] = {\n")
for (name in names(series)) {
  x <- series[[name]]; i <- seq_along(x)
  k <- suppressWarnings(cor.test(x, i, method = "kendall", exact = FALSE, continuity = TRUE))
  o <- outer(x, x, "-") / outer(i, i, "-")
  cat("\t{ r_series_", name, ", ", length(x), ", ", number(k$estimate), ", ", number(k$p.value), ", ", number(median(o[lower.tri(o)])), " },\n", sep = "")
}
cat("};\n")

numbers("r_quantile_x", samples$normal[[1]])
cat("/* q, type 7 */\nstatic const double r_quantile[][2] = {\n")
for (q in c(0, .01, .1, .25, .5, .9, .99, 1)) row(q, quantile(samples$normal[[1]], q, type = 7))
cat("};\n/* n, q, rank of lo, rank of hi, coverage at 95% */\nstatic const double r_quantile_ranks[][5] = {\n")
for (n in c(6, 20, 40, 100, 1000)) for (q in c(.5, .9, .99)) {
  k <- 0:n; below <- cumsum(dbinom(k, n, q)); above <- rev(cumsum(rev(dbinom(k, n, q))))
  first <- sum(below <= .025); last <- n - sum(above <= .025)
  lo <- if (first == 0) NaN else first; hi <- if (last >= n) NaN else last + 1
  if (is.nan(lo) || is.nan(hi)) row(n, q, NaN, NaN, NaN)
  else row(n, q, lo, hi, sum(dbinom(first:last, n, q)))
}
cat("};\n/* clang-format on */\n")
