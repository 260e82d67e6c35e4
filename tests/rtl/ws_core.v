// A weight-stationary core: ROWS x COLUMNS PEs, a bank of operands beside each row, a bank of weights
// above each column, accumulators below, and a controller that works off a whole product, fold by
// fold: pieces of M, outermost, then N by COLUMNS, then K by ROWS, whose partial sums meet in the
// accumulators.
//
// Row bank r holds A[m][f * ROWS + r] at f * m_size + m, column bank c holds
// B[f * ROWS + r][g * COLUMNS + c] at (g * k_folds + f) * ROWS + r, padded with zeros.
module ws_core #(
    parameter ROWS = 4,
    parameter COLUMNS = 4,
    parameter WIDTH = 8,
    parameter SUM = 32,
    parameter DEPTH = 1024,
    parameter ADDRESS = 24
) (
    input wire clk,
    input wire start,
    input wire [1:0] overlap,  // of consecutive folds: 0 nothing, 1 the drain, 2 loading as well
    input wire [15:0] m_size,
    input wire [15:0] m_piece,
    input wire [15:0] k_size,  // unused: the banks are padded to whole folds
    input wire [15:0] m_folds,  // unused: M streams
    input wire [15:0] n_folds,
    input wire [15:0] k_folds,
    output reg [COLUMNS-1:0] y_valid,
    output reg [COLUMNS*16-1:0] y_m,
    output reg [COLUMNS*16-1:0] y_n,
    output reg [COLUMNS*SUM-1:0] y,
    output reg done
);
  localparam TAG = 16;

  // ---- Controller: one weight and one operand per cycle at most, at the array's first corner.
  reg running = 0;
  // The fold whose weights come next.
  reg [15:0] load_m0, load_n, load_k;
  reg may_load, loading, loaded;
  reg [TAG-1:0] load_row;
  // The fold that streams.
  reg streaming;
  reg [15:0] m0, n, k, length, index;
  reg draining;
  reg [15:0] drain_left;
  reg all_loaded;

  reg weight_valid = 0;
  reg [TAG-1:0] weight_row;
  reg [ADDRESS-1:0] weight_address;
  reg token_valid = 0, token_first = 0, token_k_first, token_k_last, token_final;
  reg [ADDRESS-1:0] token_address;
  reg [15:0] token_m, token_n;

  always @(posedge clk) begin
    weight_valid <= 0;
    token_valid <= 0;
    token_first <= 0;
    if (start) begin
      running = 1;
      load_m0 = 0;
      load_n = 0;
      load_k = 0;
      may_load = 1;
      loading = 0;
      loaded = 0;
      streaming = 0;
      draining = 0;
      all_loaded = 0;
    end else if (running) begin
      if (draining) begin
        if (drain_left == 0) begin
          draining = 0;
          may_load = 1;
        end else begin
          drain_left = drain_left - 1;
        end
      end
      if (!streaming && loaded) begin
        streaming = 1;
        loaded = 0;
        m0 = load_m0;
        n = load_n;
        k = load_k;
        length = m_size - m0 < m_piece ? m_size - m0 : m_piece;
        index = 0;
        // What comes next: K innermost.
        load_k = load_k + 1;
        if (load_k == k_folds) begin
          load_k = 0;
          load_n = load_n + 1;
          if (load_n == n_folds) begin
            load_n = 0;
            load_m0 = load_m0 + m_piece;
            all_loaded = load_m0 >= m_size;
          end
        end
        if (overlap == 2) may_load = 1;
      end
      if (may_load && !all_loaded) begin
        may_load = 0;
        loading = 1;
        load_row = ROWS - 1;  // the farthest row first
      end
      if (loading) begin
        weight_valid <= 1;
        weight_row <= load_row;
        weight_address <= (load_n * k_folds + load_k) * ROWS + load_row;
        if (load_row == 0) begin
          loading = 0;
          loaded = 1;
        end else begin
          load_row = load_row - 1;
        end
      end
      if (streaming) begin
        token_valid <= 1;
        token_first <= index == 0;
        token_k_first <= k == 0;
        token_k_last <= k == k_folds - 1;
        token_address <= k * m_size + m0 + index;
        token_m <= m0 + index;
        token_n <= n;
        token_final <= all_loaded && index == length - 1;
        index = index + 1;
        if (index == length) begin
          streaming = 0;
          if (all_loaded) running = 0;
          if (overlap == 1) may_load = 1;
          if (overlap == 0) begin
            draining = 1;
            drain_left = ROWS + COLUMNS - 2;
          end
        end
      end
    end
  end

  // ---- Operands move down to their rows, weights right to their columns.
  localparam ABOUT = 4 + 32;
  wire signed [WIDTH-1:0] operand[0:ROWS*(COLUMNS+1)-1];
  wire operand_first[0:ROWS*(COLUMNS+1)-1];
  wire [ROWS*WIDTH-1:0] row_operands;
  wire [ROWS*(1+ABOUT)-1:0] row_tokens;
  bank_chain #(.KIND("row"), .LENGTH(ROWS), .WIDTH(WIDTH), .DEPTH(DEPTH), .ADDRESS(ADDRESS),
               .REST(1 + ABOUT))
      row_banks(.clk(clk),
                .token({token_first, token_valid, token_k_first, token_k_last, token_final, token_m,
                        token_n, token_address}),
                .operands(row_operands), .rests(row_tokens));
  wire signed [WIDTH-1:0] weight[0:(ROWS+1)*COLUMNS-1];
  wire weight_is_valid[0:(ROWS+1)*COLUMNS-1];
  wire [TAG-1:0] weight_for[0:(ROWS+1)*COLUMNS-1];
  wire [COLUMNS*WIDTH-1:0] column_weights;
  wire [COLUMNS*(1+TAG)-1:0] column_tokens;
  bank_chain #(.KIND("column"), .LENGTH(COLUMNS), .WIDTH(WIDTH), .DEPTH(DEPTH), .ADDRESS(ADDRESS),
               .REST(1 + TAG))
      column_banks(.clk(clk), .token({weight_valid, weight_row, weight_address}),
                   .operands(column_weights), .rests(column_tokens));
  genvar r, c;
  generate
    for (r = 0; r < ROWS; r = r + 1) begin : row
      assign operand[r*(COLUMNS+1)] = row_operands[r*WIDTH+:WIDTH];
      assign operand_first[r*(COLUMNS+1)] = row_tokens[r*(1+ABOUT)+ABOUT];
    end
    for (c = 0; c < COLUMNS; c = c + 1) begin : column
      assign weight[c] = column_weights[c*WIDTH+:WIDTH];
      assign {weight_is_valid[c], weight_for[c]} = column_tokens[c*(1+TAG)+:1+TAG];
    end
  endgenerate

  // ---- PEs.
  wire signed [SUM-1:0] sum[0:(ROWS+1)*COLUMNS-1];
  generate
    for (c = 0; c < COLUMNS; c = c + 1) begin : no_sum
      assign sum[c] = 0;
    end
    for (r = 0; r < ROWS; r = r + 1) begin : pe_row
      for (c = 0; c < COLUMNS; c = c + 1) begin : pe_column
        ws_pe #(.ROW(r), .WIDTH(WIDTH), .SUM(SUM), .TAG(TAG)) pe(
            .clk(clk),
            .operand_in(operand[r*(COLUMNS+1)+c]),
            .first_in(operand_first[r*(COLUMNS+1)+c]),
            .operand_out(operand[r*(COLUMNS+1)+c+1]),
            .first_out(operand_first[r*(COLUMNS+1)+c+1]),
            .weight_in(weight[r*COLUMNS+c]),
            .weight_valid_in(weight_is_valid[r*COLUMNS+c]),
            .weight_row_in(weight_for[r*COLUMNS+c]),
            .weight_out(weight[(r+1)*COLUMNS+c]),
            .weight_valid_out(weight_is_valid[(r+1)*COLUMNS+c]),
            .weight_row_out(weight_for[(r+1)*COLUMNS+c]),
            .sum_in(sum[r*COLUMNS+c]),
            .sum_out(sum[(r+1)*COLUMNS+c]));
      end
    end
  endgenerate

  // ---- Accumulators: what the sums are comes along below the last row.
  wire [ABOUT-1:0] about[0:COLUMNS-1];
  generate
    for (c = 0; c < COLUMNS; c = c + 1) begin : accumulator
      reg [ABOUT-1:0] held = 0;
      if (c == 0) begin : left
        always @(posedge clk) held <= row_tokens[(ROWS-1)*(1+ABOUT)+:ABOUT];
      end else begin : right
        always @(posedge clk) held <= about[c-1];
      end
      assign about[c] = held;
      wire [15:0] of_m = held[16+:16];
      wire is_valid = held[ABOUT-1], k_first = held[ABOUT-2], k_last = held[ABOUT-3];
      reg signed [SUM-1:0] cells[0:65535];
      wire [15:0] place = of_m % m_piece;
      wire signed [SUM-1:0] total = (k_first ? 0 : cells[place]) + sum[ROWS*COLUMNS+c];
      always @(posedge clk) begin
        if (is_valid) cells[place] <= total;
        y_valid[c] <= is_valid && k_last;
        y_m[c*16+:16] <= of_m;
        y_n[c*16+:16] <= held[0+:16] * COLUMNS + c;
        y[c*SUM+:SUM] <= total;
      end
    end
  endgenerate
  always @(posedge clk) done <= about[COLUMNS-1][ABOUT-1] && about[COLUMNS-1][ABOUT-4];
endmodule
