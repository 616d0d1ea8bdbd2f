#!/usr/bin/perl
# What a systemd socket unit does with BindToDevice=: opens 0.0.0.0:67 on each interface and runs the program with them.
# usage: inherit-sockets.pl IF[,IF...] PROGRAM [ARGUMENT...]
use strict;
use warnings;
use POSIX ();
use Socket;

$^F = 255; # keep our sockets open over exec
my @interfaces = split /,/, shift @ARGV;
my @sockets;
for my $interface (@interfaces) {
    socket(my $socket, PF_INET, SOCK_DGRAM, 17) or die "socket: $!\n";
    setsockopt($socket, SOL_SOCKET, SO_REUSEADDR, 1) or die "SO_REUSEADDR: $!\n";
    setsockopt($socket, SOL_SOCKET, SO_BROADCAST, 1) or die "SO_BROADCAST: $!\n";
    setsockopt($socket, SOL_SOCKET, 25, $interface) or die "SO_BINDTODEVICE $interface: $!\n";
    bind($socket, sockaddr_in(67, INADDR_ANY)) or die "bind on $interface: $!\n";
    push @sockets, $socket;
}
# First out of the way, then to descriptors 3 and up.
my @copies = map { POSIX::dup2(fileno($sockets[$_]), 100 + $_) } 0 .. $#sockets;
POSIX::dup2(100 + $_, 3 + $_) for 0 .. $#sockets;
POSIX::close(100 + $_) for 0 .. $#sockets;
$ENV{LISTEN_PID} = $$;
$ENV{LISTEN_FDS} = scalar @sockets;
$ENV{LISTEN_FDNAMES} = join ':', @interfaces;
exec @ARGV or die "exec: $!\n";
