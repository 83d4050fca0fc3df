/// Colours that people with any kind of colour vision tell apart (Okabe and Ito), on white.
enum PlotColor {
    static let blue = "#0072b2"
    static let orange = "#d55e00"
    static let green = "#009e73"
    static let grey = "#999999"
    /// Of text, axes and the grid.
    static let ink = "#333333"
    static let axis = "#666666"
    static let grid = "#e6e6e6"
}
