// A load of so many requests a second: what is due is sent whether or not the answers keep up. Usage: steady PORT RATE SECONDS
// It prints one line of JSON: requests sent and answered, connections that failed, p50 and p99 in µs from the time a request was due.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#define CONNECTIONS 64
#define TICK_NS 1000000
#define MAX_EVENTS 128
#define READ_BYTES 65536
#define MAX_REQUESTS 4000000

static const char REQUEST[] = "GET /hello HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n";

// Of each connection: when the request under way was due, in ns; 0 when it is idle. Bytes of the answer that are to come, -1 before its head.
static uint64_t due_at[CONNECTIONS];
static long left[CONNECTIONS];
static char head[CONNECTIONS][1024];
static size_t head_bytes[CONNECTIONS];
static int sockets[CONNECTIONS];
static int idle[CONNECTIONS], idles;
static uint32_t *latencies;
static size_t answered, failed;

static void fail(const char *what) {
  fprintf(stderr, "steady: %s: %s\n", what, strerror(errno));
  exit(1);
}

static uint64_t now_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static void send_one(int at, uint64_t due) {
  due_at[at] = due;
  left[at] = -1;
  head_bytes[at] = 0;
  if (write(sockets[at], REQUEST, sizeof REQUEST - 1) != (ssize_t)(sizeof REQUEST - 1)) failed++;
}

static void finish(int at) {
  if (answered < MAX_REQUESTS) latencies[answered] = (uint32_t)((now_ns() - due_at[at]) / 1000);
  answered++;
  due_at[at] = 0;
  idle[idles++] = at;
}

// Only for answers with a content-length, one at a time on a connection.
static void take(int at) {
  static char bytes[READ_BYTES];
  ssize_t length = read(sockets[at], bytes, sizeof bytes);
  if (length <= 0) {
    if (length < 0 && (errno == EAGAIN || errno == EINTR)) return;
    failed++;
    close(sockets[at]);
    return;
  }
  if (left[at] < 0) {
    size_t room = sizeof head[at] - 1 - head_bytes[at];
    size_t kept = (size_t)length < room ? (size_t)length : room;
    memcpy(head[at] + head_bytes[at], bytes, kept);
    head_bytes[at] += kept;
    head[at][head_bytes[at]] = 0;
    char *end = strstr(head[at], "\r\n\r\n");
    char *field = strcasestr(head[at], "content-length:");
    if (!end) return;
    left[at] = (field ? atol(field + 15) : 0) - (long)(head_bytes[at] - (size_t)(end + 4 - head[at]));
  } else left[at] -= length;
  if (left[at] == 0) finish(at);
}

static int ascending(const void *one, const void *other) {
  uint32_t a = *(const uint32_t *)one, b = *(const uint32_t *)other;
  return a < b ? -1 : a > b;
}

int main(int argc, char **argv) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (argc != 4) return 2;
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons((uint16_t)atoi(argv[1]))};
  double rate = atof(argv[2]), seconds = atof(argv[3]);
  latencies = malloc(sizeof *latencies * MAX_REQUESTS);
  int epoll = epoll_create1(0), timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
  if (!latencies || epoll < 0 || timer < 0) fail("start");
  for (int i = 0; i < CONNECTIONS; i++) {
    int on = 1;
    sockets[i] = socket(AF_INET, SOCK_STREAM, 0);
    if (sockets[i] < 0 || connect(sockets[i], (struct sockaddr *)&to, sizeof to)) fail("connect");
    setsockopt(sockets[i], IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    struct epoll_event event = {.events = EPOLLIN, .data.fd = i};
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, sockets[i], &event)) fail("epoll_ctl");
    idle[idles++] = i;
  }
  struct itimerspec every = {.it_interval.tv_nsec = TICK_NS, .it_value.tv_nsec = TICK_NS};
  struct epoll_event tick = {.events = EPOLLIN, .data.fd = -1};
  if (timerfd_settime(timer, 0, &every, NULL) || epoll_ctl(epoll, EPOLL_CTL_ADD, timer, &tick)) fail("timer");

  uint64_t began = now_ns(), all = (uint64_t)(rate * seconds), sent = 0;
  uint64_t patience = began + (uint64_t)((seconds + 5) * 1e9);
  struct epoll_event events[MAX_EVENTS];
  while (answered + failed < all && now_ns() < patience) {
    int count = epoll_wait(epoll, events, MAX_EVENTS, 1000);
    for (int i = 0; i < count; i++) {
      uint64_t expirations;
      if (events[i].data.fd >= 0) take(events[i].data.fd);
      else if (read(timer, &expirations, sizeof expirations) < 0 && errno != EAGAIN) fail("read");
    }
    uint64_t due = (uint64_t)((double)(now_ns() - began) / 1e9 * rate);
    if (due > all) due = all;
    while (sent < due && idles > 0) {
      send_one(idle[--idles], began + (uint64_t)((double)sent / rate * 1e9));
      sent++;
    }
  }
  double took = (double)(now_ns() - began) / 1e9;
  size_t kept = answered < MAX_REQUESTS ? answered : MAX_REQUESTS;
  qsort(latencies, kept, sizeof *latencies, ascending);
  printf("{\"sent\":%llu,\"answered\":%zu,\"failed\":%zu,\"seconds\":%.3f,\"p50Us\":%u,\"p99Us\":%u}\n", (unsigned long long)sent, answered, failed,
         took, kept ? latencies[kept / 2] : 0, kept ? latencies[kept * 99 / 100] : 0);
  return 0;
}
