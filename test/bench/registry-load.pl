#!/usr/bin/perl
# Pulls paths from a server over some connections, each kept alive, and throws the bytes away; or pushes files. Cheap, so that the server
# is what is measured. Prints {"seconds", "bytes", "cpu"}.
#   registry-load.pl pull|pull-awake HOST:PORT CONNECTIONS TRANSFERS PATH...
#   registry-load.pl push HOST:PORT CONNECTIONS REPOSITORY DIGEST=FILE...
use strict;
use warnings;
use IO::Select;
use IO::Socket::INET;
use Socket 'MSG_TRUNC';
use Time::HiRes 'time';

# On a network a server's bytes go to a card; here this process is what they go to, and what it costs must not be what is measured. So the kernel throws
# them away without a copy, tcp(7). And whoever has a processor alone stays awake: waking it for each packet costs the server more than the packet.
use constant AT_ONCE => 2**23;

my ($what, $peer, $connections, @rest) = @ARGV;
$SIG{PIPE} = 'IGNORE';
my $started = time;
my $bytes = $what eq 'push' ? push_all(@rest) : pull($what eq 'pull-awake' ? 0 : undef, @rest);
my $seconds = time - $started;
my ($user, $system, $child_user, $child_system) = times;
printf qq({"seconds":%.6f,"bytes":%d,"cpu":%.3f}\n), $seconds, $bytes, $user + $system + $child_user + $child_system;

sub dial {
  return IO::Socket::INET->new(PeerAddr => $peer, Proto => 'tcp') // die "connecting to $peer: $!\n";
}

# All connections in one process, each with a transfer of its own until all are done. Waits for bytes for so many seconds at once, or until there are some.
sub pull {
  my ($patience, $transfers, @paths) = @_;
  my ($next, $sum) = (0, 0);
  my %state;
  my $select = IO::Select->new;
  my $begin = sub {
    my ($socket) = @_;
    if ($next >= $transfers) { $select->remove($socket); close $socket; return }
    my $path = $paths[$next++ % @paths];
    syswrite $socket, "GET $path HTTP/1.1\r\nHost: $peer\r\n\r\n";
    $state{$socket} = { head => '', left => undef };
  };
  for (1 .. $connections) {
    my $socket = dial();
    $select->add($socket);
    $begin->($socket);
  }
  my $buffer = '';
  while ($select->count) {
    for my $socket ($select->can_read($patience)) {
      my $one = $state{$socket};
      my $got;
      if (defined $one->{left}) {
        defined recv $socket, $buffer, AT_ONCE, MSG_TRUNC or die "receiving: $!\n";
        $got = length $buffer;
      } else {
        $got = sysread $socket, $buffer, 2**14;
      }
      die "the connection ended early\n" unless $got;
      if (!defined $one->{left}) {
        $one->{head} .= $buffer;
        my $end = index $one->{head}, "\r\n\r\n";
        next if $end < 0;
        die "refused: " . substr($one->{head}, 0, 300) . "\n" unless $one->{head} =~ m{^HTTP/1\.1 200};
        my ($length) = $one->{head} =~ /^content-length: *(\d+)/mi or die "no length\n";
        $sum += $length;
        $one->{left} = $length - (length($one->{head}) - $end - 4);
      } else {
        $one->{left} -= $got;
      }
      die "more than promised\n" if $one->{left} < 0;
      $begin->($socket) if $one->{left} == 0;
    }
  }
  return $sum;
}

# A process for each connection: begin, PUT, next.
sub push_all {
  my ($repository, @files) = @_;
  my $sum = 0;
  $sum += -s $_ for map { (split /=/)[1] } @files;
  my @children;
  for my $worker (0 .. $connections - 1) {
    my $pid = fork // die "fork: $!\n";
    if ($pid) { push @children, $pid; next }
    my $socket = dial();
    for (my $i = $worker; $i < @files; $i += $connections) { push_one($socket, $repository, split /=/, $files[$i]) }
    exit 0;
  }
  for (@children) { waitpid $_, 0; die "a push failed\n" if $? }
  return $sum;
}

sub push_one {
  my ($socket, $repository, $digest, $file) = @_;
  my $common = "Host: $peer\r\nAuthorization: Bearer bench\r\n";
  syswrite $socket, "POST /v2/$repository/blobs/uploads/ HTTP/1.1\r\n${common}Content-Length: 0\r\n\r\n";
  my ($location) = answer($socket, 202) =~ /^location: *(\S+)/mi;
  $location =~ s{^https?://[^/]+}{};
  $location .= ($location =~ /\?/ ? '&' : '?') . "digest=$digest";
  my $size = -s $file;
  syswrite $socket, "PUT $location HTTP/1.1\r\n${common}Content-Type: application/octet-stream\r\nContent-Length: $size\r\n\r\n";
  open my $in, '<:raw', $file or die "$file: $!\n";
  while (my $got = sysread $in, my $block, 2**18) {
    for (my $done = 0; $done < $got;) {
      my $wrote = syswrite $socket, $block, $got - $done, $done;
      die "writing: $!\n" unless defined $wrote;
      $done += $wrote;
    }
  }
  answer($socket, 201);
}

sub answer {
  my ($socket, $status) = @_;
  my $head = '';
  while (index($head, "\r\n\r\n") < 0) {
    sysread $socket, $head, 2**16, length $head or die "the connection ended early\n";
  }
  die "refused: $head\n" unless $head =~ m{^HTTP/1\.1 $status};
  return $head;
}
