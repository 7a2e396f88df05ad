#ifndef LRU_CACHE_H
#define LRU_CACHE_H

#include <list>
#include <optional>
#include <unordered_map>
#include <utility>

/// Keeps the `capacity` entries that were used last.
template <class Key, class Value>
class LruCache {
 public:
  explicit LruCache(size_t capacity) : capacity_(capacity) {}

  /// A hit makes the entry the latest.
  std::optional<Value> find(const Key& key);
  void insert(Key key, Value value);
  bool erase(const Key& key);
  size_t size() const { return entries_.size(); }

 private:
  size_t capacity_;
  std::list<std::pair<Key, Value>> entries_;
  std::unordered_map<Key, typename std::list<std::pair<Key, Value>>::iterator> index_;
};

#endif
