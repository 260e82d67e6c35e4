// An output-stationary core: ROWS x COLUMNS PEs, a bank of operands beside each row and above each
// column, a bus per column for finished sums, accumulators at its end, and a controller that works
// off a whole product, fold by fold: M by ROWS, outermost, then N by COLUMNS, then pieces of K, whose
// partial sums meet in the accumulators. Where folds overlap, one that is shorter than the rows is
// padded in front to their number, or two results would meet on a bus.
//
// Row bank r holds A[f * ROWS + r][k] at f * k_size + k, column bank c holds B[k][g * COLUMNS + c] at
// g * k_size + k, padded with zeros.
module os_core #(
    parameter ROWS = 4,
    parameter COLUMNS = 4,
    parameter WIDTH = 8,
    parameter SUM = 32,
    parameter DEPTH = 1024,
    parameter ADDRESS = 24
) (
    input wire clk,
    input wire start,
    input wire [1:0] overlap,  // of consecutive folds: 0 nothing, else the drain
    input wire [15:0] m_size,  // unused: the banks are padded to whole folds
    input wire [15:0] k_piece,
    input wire [15:0] k_size,
    input wire [15:0] m_folds,
    input wire [15:0] n_folds,
    input wire [15:0] k_folds,  // unused: K streams
    output reg [COLUMNS-1:0] y_valid,
    output reg [COLUMNS*16-1:0] y_m,
    output reg [COLUMNS*16-1:0] y_n,
    output reg [COLUMNS*SUM-1:0] y,
    output reg done
);
  // ---- Controller.
  reg running = 0;
  reg [15:0] m, n, k0, length, index, wait_left;
  reg begun;

  reg a_valid = 0, a_first = 0, a_last = 0, a_k_first, a_k_last, a_final;
  reg [ADDRESS-1:0] a_address, b_address;
  reg [15:0] a_m, a_n;

  always @(posedge clk) begin
    a_valid <= 0;
    a_first <= 0;
    a_last <= 0;
    if (start) begin
      running = 1;
      m = 0;
      n = 0;
      k0 = 0;
      begun = 0;
      wait_left = 0;
    end else if (running) begin
      if (!begun && wait_left == 0) begin
        begun = 1;
        index = 0;
        length = k_size - k0 < k_piece ? k_size - k0 : k_piece;
        if (overlap != 0 && length < ROWS) wait_left = ROWS - length;
      end
      if (wait_left != 0) begin
        wait_left = wait_left - 1;
      end else if (begun) begin
        a_valid <= 1;
        a_first <= index == 0;
        a_last <= index == length - 1;
        a_k_first <= k0 == 0;
        a_k_last <= k0 + length == k_size;
        a_address <= m * k_size + k0 + index;
        b_address <= n * k_size + k0 + index;
        a_m <= m;
        a_n <= n;
        a_final <= m == m_folds - 1 && n == n_folds - 1 && k0 + length == k_size;
        index = index + 1;
        if (index == length) begin
          begun = 0;
          if (overlap == 0) wait_left = ROWS + COLUMNS - 2;
          k0 = k0 + k_piece;
          if (k0 >= k_size) begin
            k0 = 0;
            n = n + 1;
            if (n == n_folds) begin
              n = 0;
              m = m + 1;
              if (m == m_folds) running = 0;
            end
          end
        end
      end
    end
  end

  // ---- Operands of A move down to their rows, those of B right to their columns.
  localparam TAG = 3 + 32;
  wire signed [WIDTH-1:0] a[0:ROWS*(COLUMNS+1)-1];
  wire signed [WIDTH-1:0] b[0:(ROWS+1)*COLUMNS-1];
  wire first[0:ROWS*(COLUMNS+1)-1];
  wire last[0:ROWS*(COLUMNS+1)-1];
  wire [TAG-1:0] tag[0:ROWS*(COLUMNS+1)-1];
  wire [ROWS*WIDTH-1:0] row_operands;
  wire [ROWS*(2+TAG)-1:0] row_tokens;
  bank_chain #(.KIND("row"), .LENGTH(ROWS), .WIDTH(WIDTH), .DEPTH(DEPTH), .ADDRESS(ADDRESS),
               .REST(2 + TAG))
      row_banks(.clk(clk),
                .token({a_first, a_last, a_k_first, a_k_last, a_final, a_m, a_n, a_address}),
                .operands(row_operands), .rests(row_tokens));
  wire [COLUMNS*WIDTH-1:0] column_operands;
  wire [COLUMNS-1:0] nothing;
  bank_chain #(.KIND("column"), .LENGTH(COLUMNS), .WIDTH(WIDTH), .DEPTH(DEPTH), .ADDRESS(ADDRESS))
      column_banks(.clk(clk), .token({1'b0, b_address}), .operands(column_operands),
                   .rests(nothing));
  genvar r, c;
  generate
    for (r = 0; r < ROWS; r = r + 1) begin : row
      assign a[r*(COLUMNS+1)] = row_operands[r*WIDTH+:WIDTH];
      assign {first[r*(COLUMNS+1)], last[r*(COLUMNS+1)], tag[r*(COLUMNS+1)]} =
          row_tokens[r*(2+TAG)+:2+TAG];
    end
    for (c = 0; c < COLUMNS; c = c + 1) begin : column
      assign b[c] = column_operands[c*WIDTH+:WIDTH];
    end
  endgenerate

  // ---- PEs, and the buses.
  wire [ROWS*COLUMNS-1:0] result_valid;  // column by column
  wire signed [SUM-1:0] result[0:ROWS*COLUMNS-1];
  wire [TAG-1:0] result_tag[0:ROWS*COLUMNS-1];
  generate
    for (r = 0; r < ROWS; r = r + 1) begin : pe_row
      for (c = 0; c < COLUMNS; c = c + 1) begin : pe_column
        os_pe #(.WIDTH(WIDTH), .SUM(SUM), .TAG(TAG)) pe(
            .clk(clk),
            .a_in(a[r*(COLUMNS+1)+c]),
            .first_in(first[r*(COLUMNS+1)+c]),
            .last_in(last[r*(COLUMNS+1)+c]),
            .tag_in(tag[r*(COLUMNS+1)+c]),
            .a_out(a[r*(COLUMNS+1)+c+1]),
            .first_out(first[r*(COLUMNS+1)+c+1]),
            .last_out(last[r*(COLUMNS+1)+c+1]),
            .tag_out(tag[r*(COLUMNS+1)+c+1]),
            .b_in(b[r*COLUMNS+c]),
            .b_out(b[(r+1)*COLUMNS+c]),
            .result_valid(result_valid[c*ROWS+r]),
            .result(result[r*COLUMNS+c]),
            .result_tag(result_tag[r*COLUMNS+c]));
      end
    end
  endgenerate

  // ---- Accumulators.
  wire is_final[0:COLUMNS-1];
  generate
    for (c = 0; c < COLUMNS; c = c + 1) begin : accumulator
      reg signed [SUM-1:0] cells[0:ROWS-1];
      reg signed [SUM-1:0] on_bus;
      reg [TAG-1:0] about;
      reg [15:0] from_row;
      integer i, drivers;
      wire [ROWS-1:0] drives = result_valid[c*ROWS+:ROWS];
      // Wired-or: at most one PE drives the bus.
      wire signed [ROWS*SUM-1:0] candidates;
      wire [ROWS*TAG-1:0] candidate_tags;
      for (r = 0; r < ROWS; r = r + 1) begin : candidate
        assign candidates[r*SUM+:SUM] = result[r*COLUMNS+c];
        assign candidate_tags[r*TAG+:TAG] = result_tag[r*COLUMNS+c];
      end
      always @(drives, candidates, candidate_tags) begin
        on_bus = 0;
        about = 0;
        from_row = 0;
        drivers = 0;
        for (i = 0; drives != 0 && i < ROWS; i = i + 1) begin
          if (drives[i]) begin
            on_bus = candidates[i*SUM+:SUM];
            about = candidate_tags[i*TAG+:TAG];
            from_row = i;
            drivers = drivers + 1;
          end
        end
      end
      wire k_first = about[TAG-1], k_last = about[TAG-2];
      wire signed [SUM-1:0] total = (k_first ? 0 : cells[from_row]) + on_bus;
      assign is_final[c] = drivers != 0 && about[TAG-3] && from_row == ROWS - 1;
      always @(posedge clk) begin
        if (drivers > 1) begin
          $display("error: %0d results on the bus of column %0d", drivers, c);
          $finish;
        end
        if (drivers == 1) cells[from_row] <= total;
        y_valid[c] <= drivers == 1 && k_last;
        y_m[c*16+:16] <= about[16+:16] * ROWS + from_row;
        y_n[c*16+:16] <= about[0+:16] * COLUMNS + c;
        y[c*SUM+:SUM] <= total;
      end
    end
  endgenerate
  always @(posedge clk) done <= is_final[COLUMNS-1];
endmodule
