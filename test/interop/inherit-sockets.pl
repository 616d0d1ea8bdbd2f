#!/usr/bin/perl
# What systemd socket units do: opens sockets and runs the program with them.
# usage: inherit-sockets.pl SOCKET[,SOCKET...] PROGRAM [ARGUMENT...]
# SOCKET: IF (0.0.0.0:67 on that interface, of the same name), NAME=IF:PORT (UDP on that interface) or NAME=PORT/tcp
use strict;
use warnings;
use POSIX ();
use Socket;

$^F = 255; # keep our sockets open over exec
my (@names, @sockets);
for my $wanted (split /,/, shift @ARGV) {
    my ($name, $place) = $wanted =~ /^(.+)=(.+)$/ ? ($1, $2) : ($wanted, "$wanted:67");
    push @names, $name;
    push @sockets, $place =~ m{^(\d+)/tcp$} ? tcp($1) : udp(split /:/, $place);
}
# First out of the way, then to descriptors 3 and up.
my @copies = map { POSIX::dup2(fileno($sockets[$_]), 100 + $_) } 0 .. $#sockets;
POSIX::dup2(100 + $_, 3 + $_) for 0 .. $#sockets;
POSIX::close(100 + $_) for 0 .. $#sockets;
$ENV{LISTEN_PID} = $$;
$ENV{LISTEN_FDS} = scalar @sockets;
$ENV{LISTEN_FDNAMES} = join ':', @names;
exec @ARGV or die "exec: $!\n";

sub udp {
    my ($interface, $port) = @_;
    socket(my $socket, PF_INET, SOCK_DGRAM, 17) or die "socket: $!\n";
    setsockopt($socket, SOL_SOCKET, SO_REUSEADDR, 1) or die "SO_REUSEADDR: $!\n";
    setsockopt($socket, SOL_SOCKET, SO_BROADCAST, 1) or die "SO_BROADCAST: $!\n";
    setsockopt($socket, SOL_SOCKET, 25, $interface) or die "SO_BINDTODEVICE $interface: $!\n";
    bind($socket, sockaddr_in($port, INADDR_ANY)) or die "bind on $interface: $!\n";
    return $socket;
}

sub tcp {
    my ($port) = @_;
    socket(my $socket, PF_INET, SOCK_STREAM, 6) or die "socket: $!\n";
    setsockopt($socket, SOL_SOCKET, SO_REUSEADDR, 1) or die "SO_REUSEADDR: $!\n";
    bind($socket, sockaddr_in($port, INADDR_ANY)) or die "bind: $!\n";
    listen($socket, SOMAXCONN) or die "listen: $!\n";
    return $socket;
}
