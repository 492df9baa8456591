#include "core/base/thread_pool.h"

#include <algorithm>
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
  for (unsigned i = 1; i < threads; ++i) {
    Worker& worker = workers_.emplace_back();
    worker.number = i;
    try {
      worker.thread = std::thread([this, &worker] { work(worker); });
    } catch (
        const std::system_error&) {  // no memory for its stack, or too many threads: those there are do all the work
      workers_.pop_back();
      return;
    }
  }
}

ThreadPool::~ThreadPool() {
  {
    const std::lock_guard lock(mutex_);
    assert(!task_ && !task_runs_);
    stop_ = true;
    ++calls_;
  }
  for (Worker& worker : workers_) worker.wake.notify_one();
  for (Worker& worker : workers_) worker.thread.join();
}

/// Whether a call of parallel_fixed() waits for this one. Without the mutex it may be true for no reason.
bool ThreadPool::has_fixed(const Worker& worker) const {
  return worker.fixed_seen != fixed_calls_ && worker.number < fixed_count_;
}

bool ThreadPool::run_fixed(std::unique_lock<std::mutex>& lock, Worker& self) {
  if (!has_fixed(self)) return false;
  self.fixed_seen = fixed_calls_;
  const auto& piece = *fixed_piece_;
  const std::size_t count = fixed_count_;
  lock.unlock();
  for (std::size_t i = self.number; i < count; i += threads()) piece(i);
  lock.lock();
  if (--fixed_running_ == 0) {
    fixed_answered_ = fixed_calls_.load();
    done_.notify_all();
  }
  return true;
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

void ThreadPool::work(Worker& self) {
  std::unique_lock lock(mutex_);
  for (;;) {
    const auto has_work = [&] { return stop_ || next_ < count_ || task_ || has_fixed(self); };
    if (!has_work()) {
      const std::uint64_t seen = calls_;
      lock.unlock();
      comes_soon([&] { return calls_ != seen || has_fixed(self); });
      lock.lock();
    }
    self.sleeps = true;
    self.wake.wait(lock, has_work);
    self.sleeps = false;
    if (stop_) return;
    while (run_fixed(lock, self) || run_one(lock) || run_task(lock)) {
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
  for (Worker& worker : workers_) worker.wake.notify_one();
  while (run_one(lock)) {
  }
  if (answered_ != call) {
    lock.unlock();
    comes_soon([&] { return answered_ == call; });
    lock.lock();
  }
  done_.wait(lock, [this] { return next_ == count_ && running_ == 0; });
}

void ThreadPool::parallel_fixed(std::size_t count, const std::function<void(std::size_t)>& piece) {
  if (workers_.empty() || count <= 1) {
    for (std::size_t i = 0; i < count; ++i) piece(i);
    return;
  }
  std::unique_lock lock(mutex_);
  fixed_piece_ = &piece;
  fixed_count_ = count;
  fixed_running_ = std::min<std::size_t>(count, threads()) - 1;
  const std::uint64_t call = ++fixed_calls_;
  for (std::size_t i = 0; i < fixed_running_; ++i) workers_[i].wake.notify_one();
  lock.unlock();
  for (std::size_t i = 0; i < count; i += threads()) piece(i);
  comes_soon([&] { return fixed_answered_ == call; });
  lock.lock();
  done_.wait(lock, [this] { return fixed_running_ == 0; });
}

void ThreadPool::start(const std::function<void()>& task) {
  const std::lock_guard lock(mutex_);
  assert(!task_ && !task_runs_);
  task_ = &task;
  ++calls_;
  // One is enough; the last is the least likely to be wanted for something else.
  const auto sleeper = std::find_if(workers_.rbegin(), workers_.rend(), [](const Worker& w) { return w.sleeps; });
  if (sleeper != workers_.rend()) sleeper->wake.notify_one();
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
