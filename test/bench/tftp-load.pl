#!/usr/bin/perl
# Fetches one file by TFTP from many ports at once, so cheaply that the server stays the slower end; prints one JSON line:
# seconds from the first request to the last byte, transfers that came whole, and the CPU seconds spent here meanwhile.
# usage: tftp-load.pl ADDRESS FILE MD5 CLIENTS BLKSIZE WINDOWSIZE SECONDS
use strict;
use warnings;
use Digest::MD5 qw(md5_hex);
use Socket;
use Time::HiRes qw(clock_gettime CLOCK_MONOTONIC);

my ($address, $file, $md5, $clients, $blksize, $windowsize, $limit) = @ARGV;
my $resend_after = 1;
my @options = (blksize => $blksize, $windowsize > 1 ? (windowsize => $windowsize) : ());
my $request = pack('n', 1) . join('', map { "$_\0" } $file, 'octet', @options);
my $server = sockaddr_in(69, inet_aton($address));

my (@transfers, $mask);
$mask = '';
for (1 .. $clients) {
    socket(my $socket, PF_INET, SOCK_DGRAM, 0) or die "socket: $!\n";
    setsockopt($socket, SOL_SOCKET, SO_RCVBUF, 1 << 20);
    bind($socket, sockaddr_in(0, INADDR_ANY)) or die "bind: $!\n";
    vec($mask, fileno $socket, 1) = 1;
    push @transfers, { socket => $socket, fd => fileno $socket, block => 0, bytes => '', since => 0, size => 512,
        window => 1, last => $request, at => 0 };
}

sub now { clock_gettime(CLOCK_MONOTONIC) }

my $began = now();
my $swept = $began;
for my $transfer (@transfers) {
    $transfer->{at} = $began;
    send($transfer->{socket}, $request, 0, $server);
}
my @running = @transfers;
while (@running) {
    select(my $ready = $mask, undef, undef, 0.1);
    my $ended = 0;
    for my $transfer (@running) {
        $ended |= receive($transfer) if vec($ready, $transfer->{fd}, 1);
    }
    if ($ended) {
        vec($mask, $_->{fd}, 1) = 0 for grep { $_->{done} } @running;
        @running = grep { !$_->{done} } @running;
    }
    my $now = now();
    next if $now - $swept < 0.1;
    $swept = $now;
    last if $now - $began > $limit;
    for my $transfer (@running) {
        next if $now - $transfer->{at} < $resend_after;
        $transfer->{at} = $now;
        $transfer->{since} = $transfer->{gap} = 0;
        $transfer->{connected}
            ? send($transfer->{socket}, $transfer->{last}, 0)
            : send($transfer->{socket}, $transfer->{last}, 0, $server);
    }
}
my $seconds = now() - $began;
my ($user, $system) = times;
my $complete = grep { $_->{done} && md5_hex($_->{bytes}) eq $md5 } @transfers;
printf qq({"seconds":%.6f,"complete":%d,"cpu":%.2f}\n), $seconds, $complete, $user + $system;

# Takes what has arrived; 1 when the transfer has ended.
sub receive {
    my ($transfer) = @_;
    my $socket = $transfer->{socket};
    while (defined(my $from = recv($socket, my $datagram, 2048, MSG_DONTWAIT))) {
        my ($op, $number) = unpack 'nn', $datagram;
        if ($op == 3) {
            if ($number == (($transfer->{block} + 1) & 0xffff)) {
                $transfer->{block}++;
                $transfer->{gap} = 0;
                $transfer->{bytes} .= substr $datagram, 4;
                my $last = length($datagram) - 4 < $transfer->{size};
                connect_to($transfer, $from);
                if ($last || ++$transfer->{since} == $transfer->{window}) {
                    acknowledge($transfer);
                    return $transfer->{done} = 1 if $last;
                    return 0 if $transfer->{window} == 1;
                }
            } elsif ($transfer->{window} > 1 && !$transfer->{gap}) {
                # A gap: say once where we are, and wait for that window (RFC 7440 section 4).
                acknowledge($transfer);
                $transfer->{gap} = 1;
            }
        } elsif ($op == 6) {
            connect_to($transfer, $from);
            my %agreed = map { lc } split /\0/, substr $datagram, 2;
            $transfer->{size} = $agreed{blksize} // 512;
            $transfer->{window} = $agreed{windowsize} // 1;
            acknowledge($transfer) if $transfer->{block} == 0;
            return 0;
        } elsif ($op == 5) {
            return $transfer->{done} = 1;
        }
    }
    return 0;
}

sub connect_to {
    my ($transfer, $from) = @_;
    $transfer->{connected} ||= connect($transfer->{socket}, $from);
}

sub acknowledge {
    my ($transfer) = @_;
    $transfer->{since} = 0;
    $transfer->{last} = pack 'nn', 4, $transfer->{block} & 0xffff;
    $transfer->{at} = now();
    send($transfer->{socket}, $transfer->{last}, 0);
}
