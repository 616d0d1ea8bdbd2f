#!/usr/bin/perl
# Many downloads that are asked for and hardly read: each takes BYTES every MS milliseconds, none at all if BYTES is 0.
# Says "asked" once all have an answer under way; ends when its standard input does, and says how many are still open.
# usage: slow-http.pl PORT PATH COUNT BYTES MS
use strict;
use warnings;
use Socket;

my ($port, $path, $count, $bytes, $ms) = @ARGV;
my @sockets;
for (1 .. $count) {
    socket(my $socket, PF_INET, SOCK_STREAM, 0) or die "socket: $!\n";
    # A small window, so that the kernel on the other side holds little for us.
    setsockopt($socket, SOL_SOCKET, SO_RCVBUF, 4096);
    connect($socket, sockaddr_in($port, inet_aton('127.0.0.1'))) or die "connect: $!\n";
    syswrite $socket, "GET $path HTTP/1.1\r\nHost: x\r\n\r\n";
    push @sockets, $socket;
}
sysread $_, my $head, 1 for @sockets;
syswrite STDOUT, "asked\n";
my $input = '';
vec($input, 0, 1) = 1;
until (select(my $ready = $input, undef, undef, $ms / 1000)) {
    next unless $bytes;
    recv $_, my $part, $bytes, MSG_DONTWAIT for @sockets;
}
# One that was cut has its end, or a reset, behind what still lies in the buffers of both kernels; one that was not goes on, or stays silent.
my $open = 0;
for my $socket (@sockets) {
    for (my $read = 0; $read < 8 * 2**20;) {
        my $part = '';
        $! = 0;
        if (defined recv($socket, $part, 65536, MSG_DONTWAIT)) {
            length $part or goto CUT;
            $read += length $part;
        }
        else {
            $!{EAGAIN} or goto CUT;
            vec(my $awaited = '', fileno($socket), 1) = 1;
            select($awaited, undef, undef, 2) or last;
        }
    }
    $open++;
  CUT:
}
print "open $open\n";
