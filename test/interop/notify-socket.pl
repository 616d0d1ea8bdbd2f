#!/usr/bin/perl
# systemd's end of sd_notify: prints what comes in on a datagram socket, line by line.
# usage: notify-socket.pl PATH
use strict;
use warnings;
use Socket;

$| = 1;
my ($path) = @ARGV;
socket(my $socket, AF_UNIX, SOCK_DGRAM, 0) or die "socket: $!\n";
bind($socket, sockaddr_un($path)) or die "bind: $!\n";
chmod 0777, $path;
print "listening\n";
while (defined recv($socket, my $message, 4096, 0)) { print "$message\n" }
