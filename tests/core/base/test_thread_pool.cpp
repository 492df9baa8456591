#include <QTest>

#include <atomic>
#include <chrono>
#include <functional>
#include <thread>
#include <vector>

#include "core/base/thread_pool.h"

using namespace rowlight;

namespace {

/// Whether `flag` becomes true before a person would lose patience.
bool comes(const std::atomic<bool>& flag) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (!flag && std::chrono::steady_clock::now() < end) std::this_thread::yield();
  return flag;
}

}  // namespace

class TestThreadPool : public QObject {
  Q_OBJECT

 private slots:
  void piecesRunOnceEach_data() {
    QTest::addColumn<unsigned>("threads");
    for (const unsigned threads : {0U, 1U, 2U, 5U}) QTest::addRow("%u threads", threads) << threads;
  }
  void piecesRunOnceEach() {
    QFETCH(unsigned, threads);
    ThreadPool pool(threads);
    for (const std::size_t count : {0U, 1U, 2U, 7U, 100U}) {
      std::vector<std::atomic<int>> times(count);
      const auto piece = [&](std::size_t i) { ++times[i]; };
      pool.parallel(count, std::cref(piece));
      for (const auto& n : times) QCOMPARE(n.load(), 1);
    }
  }

  void fixedPiecesStayOnTheirThread_data() { piecesRunOnceEach_data(); }
  void fixedPiecesStayOnTheirThread() {
    QFETCH(unsigned, threads);
    ThreadPool pool(threads);
    std::vector<std::thread::id> ran_on(12);
    const auto any = [](std::size_t) {};
    const std::function<void()> task = [] {};
    for (int round = 0; round < 50; ++round) {
      for (const std::size_t count : {0U, 1U, 2U, 3U, 12U}) {
        std::vector<int> times(count);  // each has a thread, and the call makes its writes visible
        const auto piece = [&](std::size_t i) {
          ++times[i];
          const auto here = std::this_thread::get_id();
          if (ran_on[i] == std::thread::id()) ran_on[i] = here;
          if (ran_on[i] != here) times[i] = -1;
        };
        pool.parallel_fixed(count, std::cref(piece));
        QCOMPARE(times, std::vector<int>(count, 1));
        if (round % 2 == 0) pool.parallel(5, std::cref(any));
      }
      if (round % 3 == 0) pool.start(task);
      if (round % 3 == 1) pool.finish();
    }
    pool.finish();
    for (std::size_t i = 0; i < 12; ++i) QVERIFY(ran_on[i] == ran_on[i % pool.threads()]);
    QVERIFY(ran_on[0] == std::this_thread::get_id());
    for (std::size_t i = 1; i < pool.threads(); ++i) QVERIFY(ran_on[i] != ran_on[i - 1]);
  }

  void fixedPiecesWaitForTheirThread() {
    ThreadPool pool(2);
    if (pool.threads() < 2) QSKIP("the system gives no second thread");
    std::atomic<bool> begun = false;
    std::atomic<bool> may_end = false;
    std::thread::id task_ran_on;
    const std::function<void()> task = [&] {
      task_ran_on = std::this_thread::get_id();
      begun = true;
      comes(may_end);
    };
    pool.start(task);
    QVERIFY(comes(begun));
    std::thread::id ran_on[2];
    const auto piece = [&](std::size_t i) {
      ran_on[i] = std::this_thread::get_id();
      if (i == 0) may_end = true;
    };
    pool.parallel_fixed(2, std::cref(piece));
    QVERIFY(ran_on[0] == std::this_thread::get_id());
    QVERIFY(ran_on[1] == task_ran_on);
    pool.finish();
  }

  void startedTaskRunsOnce_data() { piecesRunOnceEach_data(); }
  void startedTaskRunsOnce() {
    QFETCH(unsigned, threads);
    ThreadPool pool(threads);
    int times = 0;  // finish() makes the task's writes visible
    const std::function<void()> task = [&] { ++times; };
    for (int round = 1; round <= 50; ++round) {
      pool.start(task);
      const auto piece = [](std::size_t) {};
      if (round % 2 == 0) pool.parallel(8, std::cref(piece));
      pool.finish();
      QCOMPARE(times, round);
      pool.finish();  // of none
      QCOMPARE(times, round);
    }
  }

  void withoutOtherThreadsTheCallerRunsTheTask() {
    ThreadPool pool(1);
    std::thread::id ran_on;
    const std::function<void()> task = [&] { ran_on = std::this_thread::get_id(); };
    pool.start(task);
    QVERIFY(ran_on == std::thread::id());  // not before it is wanted
    pool.finish();
    QVERIFY(ran_on == std::this_thread::get_id());
  }

  void aCancelledTaskIsNotBegun() {
    ThreadPool pool(1);
    int times = 0;
    const std::function<void()> task = [&] { ++times; };
    pool.start(task);
    pool.cancel();
    pool.finish();
    QCOMPARE(times, 0);
  }

  void cancelWaitsForATaskThatIsBegun() {
    ThreadPool pool(2);
    if (pool.threads() < 2) QSKIP("the system gives no second thread");
    std::atomic<bool> begun = false;
    int steps = 0;
    const std::function<void()> task = [&] {
      begun = true;
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
      ++steps;
    };
    pool.start(task);
    QVERIFY(comes(begun));
    pool.cancel();
    QCOMPARE(steps, 1);
  }

  void anotherThreadRunsTheTaskBesideTheCaller() {
    ThreadPool pool(2);
    if (pool.threads() < 2) QSKIP("the system gives no second thread");
    std::atomic<bool> begun = false;
    std::atomic<bool> may_end = false;
    bool ended_in_time = false;
    const std::function<void()> task = [&] {
      begun = true;
      ended_in_time = comes(may_end);
    };
    pool.start(task);
    QVERIFY(comes(begun));  // although nobody has called finish()
    std::atomic<int> pieces = 0;
    const auto piece = [&](std::size_t) { ++pieces; };
    pool.parallel(20, std::cref(piece));  // does not wait for the task
    QCOMPARE(pieces.load(), 20);
    may_end = true;
    pool.finish();
    QVERIFY(ended_in_time);
  }
};

QTEST_APPLESS_MAIN(TestThreadPool)
#include "test_thread_pool.moc"
