#include "core/hash.h"

#include <openssl/evp.h>

#include <array>

#include "core/error.h"

namespace mofi {
namespace {

EVP_MD_CTX* context_of(void* context) { return static_cast<EVP_MD_CTX*>(context); }

/// Looked up once: that takes as long as the digest of a kilobyte.
const EVP_MD* algorithm() {
  static const EVP_MD* const sha256 = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  return sha256;
}

}  // namespace

void Sha256::Free::operator()(void* context) const { EVP_MD_CTX_free(context_of(context)); }

Sha256::Sha256() : context_(EVP_MD_CTX_new()) {
  if (!context_ || EVP_DigestInit_ex(context_of(context_.get()), algorithm(), nullptr) != 1)
    fail(ExitCode::kInternal, "OpenSSL could not start a SHA-256 digest");
}

void Sha256::add(const void* data, std::size_t size) {
  if (EVP_DigestUpdate(context_of(context_.get()), data, size) != 1)
    fail(ExitCode::kInternal, "OpenSSL could not extend a SHA-256 digest");
}

Sha256& Sha256::update(std::uint64_t value) {
  std::array<unsigned char, 8> little_endian{};
  for (int i = 0; i < 8; ++i) little_endian[i] = static_cast<unsigned char>(value >> (8 * i));
  add(little_endian.data(), little_endian.size());
  return *this;
}

Sha256& Sha256::update(std::span<const std::byte> bytes) {
  update(static_cast<std::uint64_t>(bytes.size()));
  add(bytes.data(), bytes.size());
  return *this;
}

std::string Sha256::hex() {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  if (EVP_DigestFinal_ex(context_of(context_.get()), digest.data(), &size) != 1)
    fail(ExitCode::kInternal, "OpenSSL could not finish a SHA-256 digest");
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (unsigned int i = 0; i < size; ++i) {
    text += kDigits[digest[i] >> 4];
    text += kDigits[digest[i] & 15];
  }
  return text;
}

std::string sha256_of_bytes(std::span<const std::byte> bytes) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  if (EVP_Digest(bytes.data(), bytes.size(), digest.data(), &size, algorithm(), nullptr) != 1)
    fail(ExitCode::kInternal, "OpenSSL could not compute a SHA-256 digest");
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (unsigned int i = 0; i < size; ++i) {
    text += kDigits[digest[i] >> 4];
    text += kDigits[digest[i] & 15];
  }
  return text;
}

}  // namespace mofi
