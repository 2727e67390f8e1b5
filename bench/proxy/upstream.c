// The service behind every proxy of the bench: answers each request with the same small body, on four ports, in one thread.
// It prints its ports as JSON and ends with its parent. Only for requests without a body, as wrk sends them.
// With a file as its argument, it keeps there how many it answered on each port, and when it got the last, in ns since 1970.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define PORTS 4
#define MAX_FDS 4096
#define MAX_EVENTS 256
#define READ_BYTES 65536
// Requests answered by one write.
#define MAX_AT_ONCE 64

static const char BODY[] = "{\"hello\":\"world\"}\n";
static const char END_OF_HEAD[] = "\r\n\r\n";

// How much of END_OF_HEAD the bytes of a connection end with; a head may come in pieces.
static unsigned char matched[MAX_FDS];
// Which of the ports a connection came to.
static unsigned char place[MAX_FDS];
// Answered requests by port, then the time of the last by port.
static volatile uint64_t own_counts[2 * PORTS];
static volatile uint64_t *counts = own_counts;
static char answers[MAX_AT_ONCE * 512];
static size_t answer_bytes;

static void fail(const char *what) {
  fprintf(stderr, "upstream: %s: %s\n", what, strerror(errno));
  exit(1);
}

static void prepare_answers(void) {
  char date[64];
  time_t now = time(NULL);
  strftime(date, sizeof date, "%a, %d %b %Y %H:%M:%S GMT", gmtime(&now));
  char one[512];
  int length = snprintf(one, sizeof one,
                        "HTTP/1.1 200 OK\r\nDate: %s\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s", date,
                        sizeof BODY - 1, BODY);
  if (length < 0 || (size_t)length >= sizeof one) fail("the answer does not fit");
  answer_bytes = (size_t)length;
  for (int i = 0; i < MAX_AT_ONCE; i++) memcpy(answers + (size_t)i * answer_bytes, one, answer_bytes);
}

static int listen_on_any(int *port) {
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t size = sizeof address;
  if (fd < 0 || bind(fd, (struct sockaddr *)&address, size) || listen(fd, 1024)) fail("cannot listen on 127.0.0.1");
  if (getsockname(fd, (struct sockaddr *)&address, &size)) fail("getsockname");
  *port = ntohs(address.sin_port);
  return fd;
}

static void count_in(const char *path) {
  int fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
  if (fd < 0 || ftruncate(fd, sizeof own_counts)) fail("cannot write the file of the counts");
  void *found = mmap(NULL, sizeof own_counts, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (found == MAP_FAILED) fail("mmap");
  counts = found;
}

static uint64_t now_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static void watch(int epoll, int fd) {
  struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
  if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event)) fail("epoll_ctl");
}

static void take_all(int epoll, int listener, int at) {
  for (;;) {
    int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
    if (fd < 0) return;
    if (fd >= MAX_FDS) {
      close(fd);
      continue;
    }
    int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    matched[fd] = 0;
    place[fd] = (unsigned char)at;
    watch(epoll, fd);
  }
}

// Heads that end within these bytes.
static size_t count_heads(int fd, const char *bytes, size_t length) {
  size_t heads = 0;
  unsigned char state = matched[fd];
  for (size_t i = 0; i < length; i++) {
    if (bytes[i] == END_OF_HEAD[state]) state++;
    else state = bytes[i] == '\r' ? 1 : 0;
    if (state == sizeof END_OF_HEAD - 1) {
      heads++;
      state = 0;
    }
  }
  matched[fd] = state;
  return heads;
}

static void answer(int fd) {
  static char bytes[READ_BYTES];
  ssize_t length = read(fd, bytes, sizeof bytes);
  if (length < 0 && (errno == EAGAIN || errno == EINTR)) return;
  size_t heads = length > 0 ? count_heads(fd, bytes, (size_t)length) : 0;
  size_t due = heads * answer_bytes;
  if (heads > 0) {
    counts[place[fd]] += heads;
    counts[PORTS + place[fd]] = now_ns();
  }
  // An answer is far smaller than the socket's buffer, so a short write means a client that does not read.
  if (length <= 0 || heads > MAX_AT_ONCE || (due > 0 && write(fd, answers, due) != (ssize_t)due)) close(fd);
}

int main(int argc, char **argv) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  signal(SIGPIPE, SIG_IGN);
  prepare_answers();
  if (argc > 1) count_in(argv[1]);

  int epoll = epoll_create1(0);
  if (epoll < 0) fail("epoll_create1");
  int listeners[PORTS], ports[PORTS];
  for (int i = 0; i < PORTS; i++) watch(epoll, listeners[i] = listen_on_any(&ports[i]));
  printf("{\"ports\":[%d,%d,%d,%d]}\n", ports[0], ports[1], ports[2], ports[3]);
  fflush(stdout);

  int last_listener = listeners[PORTS - 1];
  struct epoll_event events[MAX_EVENTS];
  for (;;) {
    int count = epoll_wait(epoll, events, MAX_EVENTS, -1);
    if (count < 0 && errno != EINTR) fail("epoll_wait");
    for (int i = 0; i < count; i++) {
      int fd = events[i].data.fd;
      // The listeners were opened first, so their descriptors are the smallest.
      if (fd <= last_listener) take_all(epoll, fd, fd - listeners[0]);
      else answer(fd);
    }
  }
}
