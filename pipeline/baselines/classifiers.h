#pragma once
// The classical systems: each learns from examples and gives logits [scored.rows, classes] of other pieces.
// Features are to be standardised. Where all examples are of one class, each gives what the majority gives.

#include <cstdint>

#include "baselines/examples.h"

namespace mofi {

/// Logarithms of the classes' shares, one example more being counted of each.
Matrix majority_logits(const Examples& examples, std::size_t scored_rows);

/// Multinomial logistic regression, as scikit-learn's: half the squares of the weights, the constants apart,
/// plus c times the cross-entropy is least. Logarithms of the probabilities.
Matrix logistic_logits(const Examples& examples, double c, const Matrix& scored);

/// Linear support vector machines with squared hinge loss, one class against the others (LIBLINEAR, primal):
/// decision values.
Matrix linear_svm_logits(const Examples& examples, double c, const Matrix& scored);

/// Support vector machines with the kernel exp(-gamma |x - y|^2), each class against each (LIBSVM). Logits
/// are the pairs that a class wins, plus a share below 1/3 by the decision values, which decides among
/// equals.
Matrix rbf_svm_logits(const Examples& examples, double c, double gamma, const Matrix& scored);

/// A random forest as Breiman's (OpenCV): trees on bootstrap samples, grown in full, the root of the number
/// of features tried at each split. Logits are logarithms of the trees' votes, one more being counted for
/// each class.
Matrix random_forest_logits(const Examples& examples, int trees, std::uint64_t seed, const Matrix& scored);

}  // namespace mofi
