#!/usr/bin/python3
# A bad wire: carries Ethernet frames between two interfaces, loses some, delays all, lets some overtake others.
# Does what tc's netem does, for kernels without it. usage: lossy-wire.py IF IF LOSS REORDER DELAY-MS
import heapq, random, select, socket, sys, time

names, loss, reorder, delay = sys.argv[1:3], float(sys.argv[3]), float(sys.argv[4]), float(sys.argv[5]) / 1000
ends = [socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3)) for _ in names]
for end, name in zip(ends, names):
    end.bind((name, 0))
chance = random.Random(5)
waiting = []
print("carrying", flush=True)


def without_checksum(frame):
    # The kernel leaves UDP checksums of a virtual wire to a network card that is not there; 0 means none.
    if frame[12:14] == b"\x08\x00" and frame[23] == 17:
        at = 14 + (frame[14] & 15) * 4 + 6
        return frame[:at] + b"\x00\x00" + frame[at + 2 :]
    return frame


while True:
    pause = max(0, waiting[0][0] - time.monotonic()) if waiting else None
    for end in select.select(ends, [], [], pause)[0]:
        frame, (_, _, kind, *_) = end.recvfrom(65536)
        if kind == socket.PACKET_OUTGOING or chance.random() < loss:
            continue
        now = time.monotonic()
        due = now if chance.random() < reorder else now + delay
        heapq.heappush(waiting, (due, len(waiting), ends.index(end), without_checksum(frame)))
    while waiting and waiting[0][0] <= time.monotonic():
        _, _, came, frame = heapq.heappop(waiting)
        ends[1 - came].send(frame)
