#pragma once
// Made by make_statistics_numbers.py with scipy; not edited by hand.

// clang-format off
#include <cstdint>
#include <vector>

namespace mofi::golden {

inline const std::vector<double> kDifferences = {0.031, -0.012, 0.008, 0.022, 0.015, 0.04, -0.005, 0.003, 0.018, 0.027, -0.02, 0.011, 0.006, 0.033, 0.009};
inline constexpr double kPairedT = 2.8463249351208395;
inline constexpr double kPairedP = 0.01294340274890197;
inline constexpr double kCorrectedT = 1.3059834476496528;
inline constexpr double kCorrectedP = 0.2126100551562175;
inline const std::vector<std::int64_t> kSongDifferences = {3, -1, 0, 2, 5, -2, 1, 1, 0, 4, -3, 2};
inline constexpr double kSignFlipP = 0.212890625;
inline constexpr double kMcNemarP = 0.043285250663757324;
inline constexpr double kMcNemarApprovalP = 3.7159361395713866e-05;
inline const std::vector<double> kPValues = {0.01, 0.04, 0.03, 0.005, 0.2, 0.04};
inline const std::vector<double> kHolm = {0.05, 0.12, 0.12, 0.03, 0.2, 0.12};
inline constexpr double kImprovement = 0.75;
inline const std::vector<double> kValues = {0.51, 0.62, 0.55, 0.58, 0.71, 0.49, 0.6};
inline constexpr double kInterquartileMean = 0.572;
inline constexpr double kPower20Degrees = 0.6623037140341534;
inline constexpr double kPower7Degrees = 0.4873502148679936;
inline constexpr double kGapOf12Degrees = 3.0526574670540914;
inline const std::vector<double> kConfidences = {0.31, 0.42, 0.97, 0.88, 0.55, 0.61, 0.42, 0.73, 0.99, 0.5, 0.35, 0.66};
inline const std::vector<int> kRight = {0, 1, 1, 1, 0, 1, 0, 1, 1, 0, 0, 1};
inline constexpr double kCalibrationError = 0.2525;
inline constexpr double kSongVariance = 0.043981481481481476;
inline constexpr double kSeedVariance = 0.006944444444444445;
inline constexpr double kNoiseVariance = 0.0162037037037037;

}  // namespace mofi::golden
