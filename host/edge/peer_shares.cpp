#include "edge/peer_shares.hpp"

#include <algorithm>
#include <boost/asio/ip/address.hpp>

namespace patchbay::edge {
namespace {

std::string networkOf(const std::string& peer) {
  boost::system::error_code error;
  const auto address = boost::asio::ip::make_address(peer, error);
  if (error || !address.is_v6() || address.to_v6().is_v4_mapped()) return peer;
  const auto bytes = address.to_v6().to_bytes();
  return {bytes.begin(), bytes.begin() + 8};
}

}  // namespace

std::shared_ptr<PeerShare> PeerShares::of(const std::string& peer) {
  const auto network = networkOf(peer);
  const std::lock_guard lock(mutex_);
  if (shares_.size() >= clean_at_) {
    std::erase_if(shares_, [](const auto& entry) { return entry.second.expired(); });
    clean_at_ = std::max<std::size_t>(64, shares_.size() * 2);
  }
  auto& known = shares_[network];
  auto share = known.lock();
  if (!share) known = share = std::make_shared<PeerShare>(limit_);
  return share;
}

}  // namespace patchbay::edge
