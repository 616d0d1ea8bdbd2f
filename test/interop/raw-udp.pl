#!/usr/bin/perl
# Sends one UDP datagram with any source port, 0 too, which no ordinary socket can.
# usage: raw-udp.pl SOURCE SOURCE-PORT DESTINATION DESTINATION-PORT HEX
use strict;
use warnings;
use Socket;

my ($source, $source_port, $destination, $port, $hex) = @ARGV;
my $payload = pack 'H*', $hex // '';
socket(my $socket, PF_INET, SOCK_RAW, 17) or die "socket: $!\n";
bind($socket, sockaddr_in(0, inet_aton($source))) or die "bind: $!\n";
# Checksum 0: none.
my $datagram = pack('n4', $source_port, $port, 8 + length $payload, 0) . $payload;
send($socket, $datagram, 0, sockaddr_in(0, inet_aton($destination))) or die "send: $!\n";
