#pragma once
// A few numbers as one: mean, spread, quantiles. What is not defined (the spread of one number) is NaN, and
// tables print it as a dash.

#include <span>
#include <vector>

namespace mofi {

/// NaN for no values.
double mean(std::span<const double> values);

/// The sample standard deviation, divided by n - 1. NaN for fewer than two values.
double sample_sd(std::span<const double> values);

/// The interquartile mean: the mean of what is left when a quarter of the values, rounded down, is taken off
/// either end; scipy's trim_mean(values, 0.25), as Agarwal et al. use it (NeurIPS 2021). NaN for no values.
double interquartile_mean(std::vector<double> values);

/// The quantile of ascending values by linear interpolation between order statistics, at position p (n - 1):
/// type 7 of Hyndman and Fan (The American Statistician 50, 1996), the default of R and NumPy. NaN for no
/// values.
double quantile(std::span<const double> ascending, double p);

}  // namespace mofi
