// Runs one product on a core and tells how many cycles it took, from the edge on which the core takes
// the command to the edge on which the last sum is in its accumulator, and the product.
module testbench;
  parameter ROWS = 4;
  parameter COLUMNS = 4;
  parameter OUTPUT_STATIONARY = 0;
  localparam SUM = 32;
  localparam DEPTH = 65536;

  reg clk = 0;
  always #1 clk = ~clk;
  reg start = 0;
  reg [15:0] m, n, k, piece;
  reg [1:0] overlap;
  wire [15:0] m_folds = (m + ROWS - 1) / ROWS;
  wire [15:0] n_folds = (n + COLUMNS - 1) / COLUMNS;
  wire [15:0] k_folds = (k + ROWS - 1) / ROWS;
  wire [COLUMNS-1:0] y_valid;
  wire [COLUMNS*16-1:0] y_m, y_n;
  wire [COLUMNS*SUM-1:0] y;
  wire done;

  generate
    if (OUTPUT_STATIONARY) begin : output_stationary
      os_core #(.ROWS(ROWS), .COLUMNS(COLUMNS), .SUM(SUM), .DEPTH(DEPTH)) core(
          .clk(clk), .start(start), .overlap(overlap), .m_size(m), .k_piece(piece), .k_size(k),
          .m_folds(m_folds), .n_folds(n_folds), .k_folds(k_folds), .y_valid(y_valid), .y_m(y_m),
          .y_n(y_n), .y(y), .done(done));
    end else begin : weight_stationary
      ws_core #(.ROWS(ROWS), .COLUMNS(COLUMNS), .SUM(SUM), .DEPTH(DEPTH)) core(
          .clk(clk), .start(start), .overlap(overlap), .m_size(m), .m_piece(piece), .k_size(k),
          .m_folds(m_folds), .n_folds(n_folds), .k_folds(k_folds), .y_valid(y_valid), .y_m(y_m),
          .y_n(y_n), .y(y), .done(done));
    end
  endgenerate

  integer cycles, c;
  reg counting = 0;
  initial begin
    if (!$value$plusargs("m=%d", m) || !$value$plusargs("n=%d", n) || !$value$plusargs("k=%d", k) ||
        !$value$plusargs("piece=%d", piece) || !$value$plusargs("overlap=%d", overlap)) begin
      $display("error: give +m= +n= +k= +piece= +overlap=");
      $finish;
    end
    @(negedge clk) start = 1;
    @(negedge clk) start = 0;
  end

  always @(posedge clk) begin
    // `done` and the results were written on the edge before this one.
    for (c = 0; c < COLUMNS; c = c + 1) begin
      if (counting && y_valid[c] && y_n[c*16+:16] < n && y_m[c*16+:16] < m) begin
        $display("y %0d %0d %0d", y_m[c*16+:16], y_n[c*16+:16], $signed(y[c*SUM+:SUM]));
      end
    end
    if (counting && done) begin
      $display("cycles %0d", cycles);
      $finish;
    end
    if (start) begin
      counting <= 1;
      cycles <= 0;
    end else begin
      cycles <= cycles + 1;
    end
    if (counting && cycles > 10000000) begin
      $display("error: no end");
      $finish;
    end
  end
endmodule
