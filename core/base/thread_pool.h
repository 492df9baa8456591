#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

namespace rowlight {

/// The one place where the engine makes threads. Splitting work over it must not change results: callers cut their
/// work into pieces by size, never by the number of threads.
class ThreadPool {
 public:
  /// `threads` counts the calling thread: 1 makes no thread at all. 0 counts as 1. There are fewer where the system
  /// gives no more.
  explicit ThreadPool(unsigned threads);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  [[nodiscard]] unsigned threads() const { return static_cast<unsigned>(workers_.size()) + 1; }

  /// Calls piece(0) ... piece(count - 1), each once, in any order, on all threads, and returns when all are done.
  /// `piece` must not throw or call parallel() itself. One caller at a time.
  void parallel(std::size_t count, const std::function<void(std::size_t)>& piece);

  /// As parallel(), but piece i is always for the thread of number i % threads(), the caller being 0: what a piece
  /// writes is still in its core's cache when the piece of the same number comes to it in a later call. Waits for a
  /// thread that is at a started task.
  void parallel_fixed(std::size_t count, const std::function<void(std::size_t)>& piece);

  /// Has `task` called once, beside what the caller does next, parallel() included, by a thread that has nothing else
  /// to do. It must not throw or use the pool, and must stay where it is until finish() or cancel(), one of which comes
  /// before the pool's end. Pre: none is started. Same caller as parallel().
  void start(const std::function<void()>& task);
  /// Returns when the started task is done, if there is one: nobody may have begun it, then the caller does it.
  void finish();
  /// The same, but a task that nobody has begun is not done.
  void cancel();

 private:
  struct Worker {
    std::size_t number = 0;
    std::condition_variable wake;
    bool sleeps = false;
    std::uint64_t fixed_seen = 0;  // the last call of parallel_fixed() it knows of
    std::thread thread;
  };
  void work(Worker& self);
  [[nodiscard]] bool has_fixed(const Worker& worker) const;
  bool run_fixed(std::unique_lock<std::mutex>& lock, Worker& self);
  bool run_one(std::unique_lock<std::mutex>& lock);
  bool run_task(std::unique_lock<std::mutex>& lock);

  std::mutex mutex_;
  std::condition_variable done_;
  const std::function<void(std::size_t)>* piece_ = nullptr;
  std::size_t next_ = 0;
  std::size_t count_ = 0;
  std::size_t running_ = 0;
  const std::function<void(std::size_t)>* fixed_piece_ = nullptr;
  std::atomic<std::size_t> fixed_count_ = 0;
  std::size_t fixed_running_ = 0;  // threads, but the caller
  std::atomic<std::uint64_t> fixed_calls_ = 0;
  std::atomic<std::uint64_t> fixed_answered_ = 0;
  const std::function<void()>* task_ = nullptr;  // started, and nobody has begun it
  bool task_runs_ = false;
  std::atomic<std::uint64_t> calls_ = 0;     // of parallel() and start(), and one for the end
  std::atomic<std::uint64_t> answered_ = 0;  // the last of them that is done
  bool stop_ = false;
  std::deque<Worker> workers_;  // which stay where they are
};

}  // namespace rowlight
