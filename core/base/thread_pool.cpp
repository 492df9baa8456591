#include "core/base/thread_pool.h"

#include <cassert>
#include <system_error>
#include <utility>

namespace rowlight {

namespace {

/// Waits for a moment that is likely near: being woken takes longer than many a piece of work. Returns whether it came.
template <class Condition>
bool comes_soon(const Condition& condition) {
  constexpr int looks = 200;
  for (int i = 0; i < looks; ++i) {
    if (condition()) return true;
    std::this_thread::yield();
  }
  return false;
}

}  // namespace

ThreadPool::ThreadPool(unsigned threads) {
  try {
    for (unsigned i = 1; i < threads; ++i) workers_.emplace_back([this] { work(); });
  } catch (const std::system_error&) {  // no memory for its stack, or too many threads: those there are do all the work
  }
}

ThreadPool::~ThreadPool() {
  {
    const std::lock_guard lock(mutex_);
    assert(!task_ && !task_runs_);
    stop_ = true;
    ++calls_;
  }
  wake_.notify_all();
  for (std::thread& worker : workers_) worker.join();
}

bool ThreadPool::run_one(std::unique_lock<std::mutex>& lock) {
  if (next_ == count_) return false;
  const std::size_t index = next_++;
  ++running_;
  const auto& piece = *piece_;
  lock.unlock();
  piece(index);
  lock.lock();
  --running_;
  if (next_ == count_ && running_ == 0) {
    answered_ = calls_.load();
    done_.notify_all();
  }
  return true;
}

bool ThreadPool::run_task(std::unique_lock<std::mutex>& lock) {
  if (!task_) return false;
  const auto& task = *std::exchange(task_, nullptr);
  task_runs_ = true;
  lock.unlock();
  task();
  lock.lock();
  task_runs_ = false;
  done_.notify_all();
  return true;
}

void ThreadPool::work() {
  std::unique_lock lock(mutex_);
  for (;;) {
    const auto has_work = [this] { return stop_ || next_ < count_ || task_; };
    if (!has_work()) {
      const std::uint64_t seen = calls_;
      lock.unlock();
      comes_soon([&] { return calls_ != seen; });
      lock.lock();
    }
    wake_.wait(lock, has_work);
    if (stop_) return;
    while (run_one(lock) || run_task(lock)) {
    }
  }
}

void ThreadPool::parallel(std::size_t count, const std::function<void(std::size_t)>& piece) {
  if (workers_.empty() || count <= 1) {
    for (std::size_t i = 0; i < count; ++i) piece(i);
    return;
  }
  std::unique_lock lock(mutex_);
  piece_ = &piece;
  next_ = 0;
  count_ = count;
  const std::uint64_t call = ++calls_;
  wake_.notify_all();
  while (run_one(lock)) {
  }
  if (answered_ != call) {
    lock.unlock();
    comes_soon([&] { return answered_ == call; });
    lock.lock();
  }
  done_.wait(lock, [this] { return next_ == count_ && running_ == 0; });
}

void ThreadPool::start(const std::function<void()>& task) {
  const std::lock_guard lock(mutex_);
  assert(!task_ && !task_runs_);
  task_ = &task;
  ++calls_;
  wake_.notify_one();
}

void ThreadPool::cancel() {
  std::unique_lock lock(mutex_);
  task_ = nullptr;
  done_.wait(lock, [this] { return !task_runs_; });
}

void ThreadPool::finish() {
  std::unique_lock lock(mutex_);
  run_task(lock);
  done_.wait(lock, [this] { return !task_runs_; });
}

}  // namespace rowlight
