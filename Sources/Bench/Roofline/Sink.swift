/// Where values go that nobody wants, so that the compiler cannot leave out what made them.
enum Sink {
    @inline(never)
    @_optimize(none)
    static func take(_ value: Float) {}
}
