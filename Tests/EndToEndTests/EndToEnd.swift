import Testing

/// Tests of the built command as its users run it: processes, files and sockets. One after the other, since
/// they compete for processors. No test depends on speed: they wait for things to happen, for as long as it
/// takes.
@Suite(.serialized) enum EndToEnd {}
